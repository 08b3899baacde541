"""The chargelink command."""
