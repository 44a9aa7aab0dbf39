"""Alerts: who gets which matches at once (planning), what is unusual (anomalies), and how the mails look (rendering, volumes)."""

from aggregator.alerts.anomalies import DAYS, judge
from aggregator.alerts.planning import plan_alerts
from aggregator.alerts.rendering import render_alert
from aggregator.alerts.volumes import render_volumes

__all__ = ["DAYS", "judge", "plan_alerts", "render_alert", "render_volumes"]
