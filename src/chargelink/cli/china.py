"""The time that people in China live by."""

from datetime import timedelta, timezone

CHINA = timezone(timedelta(hours=8))  # UTC+8 in every province, without summer time
