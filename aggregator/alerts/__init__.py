"""Alerts: who gets which matches at once (planning), and how the mail looks (rendering)."""

from aggregator.alerts.planning import plan_alerts
from aggregator.alerts.rendering import render_alert

__all__ = ["plan_alerts", "render_alert"]
