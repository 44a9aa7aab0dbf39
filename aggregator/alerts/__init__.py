"""Alerts: who gets which matches when (deciding), what is odd (anomalies, storms), how the mails look (rendering, volumes)."""

from aggregator.alerts.anomalies import DAYS, judge
from aggregator.alerts.deciding import decide
from aggregator.alerts.planning import plan_alerts
from aggregator.alerts.quiet import next_hour, quiet_until
from aggregator.alerts.rendering import render_alert
from aggregator.alerts.volumes import render_volumes

__all__ = ["DAYS", "decide", "judge", "next_hour", "plan_alerts", "quiet_until", "render_alert", "render_volumes"]
