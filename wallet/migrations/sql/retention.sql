-- Entries older than every pack asks for may go, by whole months, behind a checkpoint that carries the balances forward. See docs/accounting.md.
-- Headers stay, since an idempotency key is unique for ever: what they say is hashed into the checkpoint, as their leaves held the entries too.

CREATE TABLE wallet_checkpoint (
    id smallint PRIMARY KEY,
    before timestamptz NOT NULL UNIQUE,   -- what was recorded before is carried
    transactions bigint NOT NULL,
    entries bigint NOT NULL,
    digest bytea NOT NULL,                -- over the carried balances and headers; a fact of the record holds the same
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each account's entries below the checkpoint sum to, those of earlier checkpoints among them.
CREATE TABLE wallet_carried (
    checkpoint_id smallint NOT NULL,
    account_id bigint NOT NULL,
    currency_id smallint NOT NULL,
    amount numeric(38, 18) NOT NULL,
    PRIMARY KEY (checkpoint_id, account_id)
);

-- The headers whose entries are carried, some thousands a row, with the hash of each (32 bytes).
CREATE TABLE wallet_carriedheader (
    checkpoint_id smallint NOT NULL,
    last_id bigint NOT NULL,
    ids bigint[] NOT NULL,
    hashes bytea NOT NULL,
    entries bigint NOT NULL,
    PRIMARY KEY (checkpoint_id, last_id),
    CHECK (octet_length(hashes) = 32 * cardinality(ids))
);

-- They are written in chunks before the checkpoint itself, which makes them history; what an interrupted run left may be written anew.
CREATE FUNCTION wallet_refuse_carried_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.wallet_checkpoint WHERE id = coalesce(OLD.checkpoint_id, NEW.checkpoint_id)) THEN
        RAISE EXCEPTION '% on % is refused: its rows are history and never change', TG_OP, TG_TABLE_NAME USING ERRCODE = 'CR001';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['wallet_carried', 'wallet_carriedheader'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION wallet_refuse_carried_change()', t || '_stands', t);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t || '_no_truncate', t);
    END LOOP;
    CREATE TRIGGER wallet_checkpoint_immutable BEFORE UPDATE OR DELETE ON wallet_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER wallet_checkpoint_no_truncate BEFORE TRUNCATE ON wallet_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
END $$;

-- The moment from which on entries are looked at; what lies before it is carried.
CREATE FUNCTION wallet_carried_before() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT coalesce(max(before), '-infinity') FROM public.wallet_checkpoint $$;

CREATE FUNCTION wallet_carried_digest(p_checkpoint smallint) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(
        sha256(coalesce((SELECT string_agg(record_send(ROW(account_id, currency_id::bigint, trim_scale(amount)::text)), ''::bytea ORDER BY account_id)
            FROM public.wallet_carried WHERE checkpoint_id = p_checkpoint), ''))
        || sha256(coalesce((SELECT string_agg(sha256(record_send(ROW(last_id, entries, ids::text)) || hashes), ''::bytea ORDER BY last_id)
            FROM public.wallet_carriedheader WHERE checkpoint_id = p_checkpoint), '')))
$$;
