"""The commands of `chargelink edge` that look after a ledger: verify it, save it, lay it down again."""
