"""What the hub decides: reading records into sessions and bills, pricing them again, curves, alarms, commands."""
