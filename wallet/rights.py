"""The app's login reads the ledger and calls the posting functions. It cannot write a balance, a transaction or an entry itself."""

from backoffice.runtime import rights


def declare() -> None:
    for table in (
        "wallet_transaction",
        "wallet_entry",
        "wallet_account",
        "wallet_currency",
        "wallet_dayclose",
        "wallet_boundary",
        "wallet_dailytotal",
        "wallet_checkpoint",
        "wallet_carried",
        "wallet_carriedheader",
    ):
        rights.restrict(table, "SELECT")
    rights.restrict("wallet_sequence", "SELECT, INSERT")
    rights.restrict("wallet_statement", "SELECT, INSERT, UPDATE (issued_at, horizon, lines, sha256)")
    rights.restrict("wallet_remittance", "SELECT, INSERT, UPDATE (state, version, bank, reference, paid_on, ended_at)")
    rights.restrict("wallet_remittanceline", "SELECT, INSERT, UPDATE (released)")
    for function in (
        "wallet_post(smallint, text, bigint, bigint, smallint, numeric, smallint, text, smallint, text, bigint,"
        " timestamptz, boolean, smallint, bigint, boolean, jsonb)",
        "wallet_post_legs(smallint, text, bigint, bigint, bigint[], smallint[], text[], smallint[], numeric[],"
        " timestamptz, boolean, smallint, bigint, bigint, boolean, jsonb)",
        "wallet_reverse(bigint, smallint, text, timestamptz, smallint, bigint, boolean, jsonb)",
        "wallet_take_in(smallint, xid8)",
        "wallet_close_day(bigint, date, bigint)",
        "wallet_add_currency(text, text, smallint, text)",
    ):
        rights.allow_function(function)
