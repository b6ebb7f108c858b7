"""Money in motion: methods, providers, deposits, withdrawals, payouts, refunds, chargebacks and reconciliation."""
