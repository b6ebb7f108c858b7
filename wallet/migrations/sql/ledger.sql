-- The ledger: double entry, in the same database transaction as the business row that caused it. See docs/accounting.md.
-- Amounts are signed and in units of the currency: positive raises what the account holds for its owner (a credit).

CREATE SEQUENCE wallet_transaction_id_seq;
CREATE TABLE wallet_transaction (
    id bigint NOT NULL DEFAULT nextval('wallet_transaction_id_seq') PRIMARY KEY,
    brand_id bigint NOT NULL,
    player_id bigint,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    reference_id bigint,
    reverses bigint,
    kind smallint NOT NULL,
    epoch smallint NOT NULL DEFAULT audit_current_epoch(),
    reference_type smallint,
    key text NOT NULL,
    digest bytea NOT NULL,
    meta jsonb
);
ALTER SEQUENCE wallet_transaction_id_seq OWNED BY wallet_transaction.id;
CREATE UNIQUE INDEX wallet_transaction_key ON wallet_transaction (key);
CREATE UNIQUE INDEX wallet_transaction_reversed_once ON wallet_transaction (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX wallet_transaction_order ON wallet_transaction (epoch, xid);
CREATE INDEX wallet_transaction_reference ON wallet_transaction (reference_id, reference_type) WHERE reference_id IS NOT NULL;

CREATE TABLE wallet_entry (
    transaction_id bigint NOT NULL,
    account_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    leg smallint NOT NULL,
    currency_id smallint NOT NULL,
    amount numeric(38, 18) NOT NULL CHECK (amount <> 0),
    balance_after numeric(38, 18)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX wallet_entry_account ON wallet_entry (account_id, transaction_id) INCLUDE (amount);
CREATE INDEX wallet_entry_transaction ON wallet_entry (transaction_id);
CREATE INDEX wallet_entry_time ON wallet_entry USING brin (recorded_at);

CREATE TRIGGER wallet_transaction_immutable BEFORE UPDATE OR DELETE ON wallet_transaction FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallet_transaction_no_truncate BEFORE TRUNCATE ON wallet_transaction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallet_entry_immutable BEFORE UPDATE OR DELETE ON wallet_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallet_entry_no_truncate BEFORE TRUNCATE ON wallet_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Entries come in whole: what one statement inserts sums to zero per transaction and currency, and belongs to transactions made in the
-- same database transaction. Checked over the rows of the statement, before it ends, so that nothing can be added to it later. Partitions
-- get the same trigger (make_partitions), for a statement that names one directly. Tables are named with their schema and the function has
-- no search path of its own: setting one for every posting costs more than the check. In a restored database transaction ids come a second
-- time, so a header must also be as young as this transaction; asking for the epoch instead would be one more look-up for each posting. The
-- minute is for clocks that are set back.
CREATE FUNCTION wallet_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
    bad record;
BEGIN
    -- The everyday case without grouping: one transaction in one currency.
    SELECT min(transaction_id) AS id, max(transaction_id) AS last_id, min(currency_id) AS currency, max(currency_id) AS last_currency,
           min(recorded_at) AS made, max(recorded_at) AS last_made, sum(amount) AS total INTO one FROM fresh;
    IF one.id IS NULL OR (one.id = one.last_id AND one.currency = one.last_currency AND one.made = one.last_made AND one.total = 0
            AND EXISTS (SELECT 1 FROM public.wallet_transaction WHERE id = one.id AND recorded_at = one.made AND xid = pg_current_xact_id()
                AND recorded_at > now() - interval '1 minute')) THEN
        RETURN NULL;
    END IF;
    SELECT f.transaction_id AS id, bool_or(t.id IS NULL) AS stray INTO bad
        FROM fresh f LEFT JOIN public.wallet_transaction t
            ON t.id = f.transaction_id AND t.recorded_at = f.recorded_at AND t.xid = pg_current_xact_id() AND t.recorded_at > now() - interval '1 minute'
        GROUP BY f.transaction_id, f.currency_id HAVING sum(f.amount) <> 0 OR bool_or(t.id IS NULL) LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF bad.stray THEN
        RAISE EXCEPTION 'An entry belongs to a transaction made in the same database transaction; % was not', bad.id USING ERRCODE = 'LG010';
    END IF;
    RAISE EXCEPTION 'The entries of transaction % do not sum to zero', bad.id USING ERRCODE = 'LG011';
END $$;
CREATE TRIGGER wallet_entry_balances AFTER INSERT ON wallet_entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_entries_balance();

-- A header without entries is no posting: looked at when the database transaction ends. One plan for all partitions is kept,
-- since planning for the one that is meant costs more than passing the others by.
CREATE FUNCTION wallet_transaction_has_entries() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.wallet_entry WHERE transaction_id = NEW.id AND recorded_at = NEW.recorded_at) THEN
        RAISE EXCEPTION 'Transaction % has no entries', NEW.id USING ERRCODE = 'LG012';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wallet_transaction_has_entries AFTER INSERT ON wallet_transaction DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wallet_transaction_has_entries();

SELECT make_partitions('wallet_entry', 12);

-- One row a sequenced range: which transactions, in order, and their packed leaf hashes (32 bytes each).
CREATE TABLE wallet_sequence (
    first_position bigint PRIMARY KEY,
    last_position bigint NOT NULL,
    ids bigint[] NOT NULL,
    leaves bytea NOT NULL,
    CHECK (last_position - first_position + 1 = cardinality(ids) AND octet_length(leaves) = 32 * cardinality(ids))
);
CREATE TRIGGER wallet_sequence_immutable BEFORE UPDATE OR DELETE ON wallet_sequence FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallet_sequence_no_truncate BEFORE TRUNCATE ON wallet_sequence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A closed day takes no posting any more. Back-dated postings share the lock that closing takes; all others need none,
-- since a day is closed only minutes after its end and once every transaction from then has ended.
CREATE FUNCTION wallet_refuse_closed_day(p_brand bigint, p_effective timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7202602, p_brand::integer);
    SELECT max(day) INTO closed FROM wallet_dayclose WHERE brand_id = p_brand
        AND day >= (p_effective AT TIME ZONE (SELECT timezone FROM scope_brand WHERE id = p_brand))::date;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'The books of this brand are closed up to %; post the correction in the open day and name the day that it corrects', closed
            USING ERRCODE = 'LG005';
    END IF;
END $$;

-- The functions from here to wallet_known have no rights and no search path of their own: they work inside the posting functions, which
-- have both. Called directly, by the app's login, they can read and change nothing that it could not.
CREATE FUNCTION wallet_open_account(p_brand bigint, p_player bigint, p_kind smallint, p_party text, p_currency smallint) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    IF p_player IS NULL AND p_kind < 10 THEN
        RAISE EXCEPTION 'Account kind % belongs to a player', p_kind USING ERRCODE = 'LG006';
    ELSIF p_player IS NOT NULL AND p_kind >= 10 THEN
        RAISE EXCEPTION 'Account kind % belongs to the house', p_kind USING ERRCODE = 'LG006';
    END IF;
    INSERT INTO wallet_account (brand_id, player_id, currency_id, kind, counterparty, running, floor, overdraft, balance, version, opened_at)
        VALUES (p_brand, p_player, p_currency, p_kind, CASE WHEN p_player IS NULL THEN p_party ELSE '' END, p_kind < 10 OR p_kind >= 40,
                CASE WHEN p_kind < 10 OR p_kind >= 40 THEN 0 END, 0, 0, 0, clock_timestamp())
        ON CONFLICT DO NOTHING RETURNING id INTO found;
    IF found IS NULL THEN  -- another transaction opened it first
        SELECT id INTO found FROM wallet_account WHERE currency_id = p_currency AND kind = p_kind AND CASE WHEN p_player IS NULL
            THEN player_id IS NULL AND brand_id = p_brand AND counterparty = p_party ELSE player_id = p_player END;
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION wallet_account_of(p_brand bigint, p_player bigint, p_kind smallint, p_party text, p_currency smallint) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    IF p_player IS NOT NULL THEN
        SELECT id INTO found FROM wallet_account WHERE player_id = p_player AND currency_id = p_currency AND kind = p_kind;
    ELSE
        SELECT id INTO found FROM wallet_account WHERE brand_id = p_brand AND kind = p_kind AND counterparty = p_party
            AND currency_id = p_currency AND player_id IS NULL;
    END IF;
    RETURN coalesce(found, wallet_open_account(p_brand, p_player, p_kind, p_party, p_currency));
END $$;

-- What went wrong in words that a caller can act on: LG001 too little money, LG003 amount, LG004 no such player,
-- LG005 closed day, LG006 account, LG007 future, LG008 nothing to reverse.
CREATE FUNCTION wallet_move(p_account bigint, p_amount numeric, p_overdraw boolean) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    held numeric;
BEGIN
    -- A chargeback may push cash below its floor; what it left open shrinks as money comes in and never lets a debit through.
    UPDATE wallet_account SET balance = balance + p_amount, version = version + 1,
            overdraft = greatest(0, least(CASE WHEN p_overdraw AND kind = 1 THEN floor - (balance + p_amount) ELSE overdraft END, floor - (balance + p_amount)))
        WHERE id = p_account
          AND (p_amount > 0 OR balance + p_amount >= floor OR (p_overdraw AND kind = 1))
        RETURNING balance INTO held;
    IF NOT FOUND THEN
        SELECT balance INTO held FROM wallet_account WHERE id = p_account;
        RAISE EXCEPTION 'Account % holds %, which does not cover %', p_account, trim_scale(held), trim_scale(-p_amount) USING ERRCODE = 'LG001';
    END IF;
    RETURN held;
END $$;

CREATE TYPE wallet_posted AS (id bigint, replayed boolean, conflict boolean, recorded_at timestamptz);

CREATE FUNCTION wallet_known(p_key text, p_digest bytea) RETURNS wallet_posted LANGUAGE sql STABLE
    AS $$ SELECT id, true, digest <> p_digest, recorded_at FROM wallet_transaction WHERE key = p_key $$;

-- Two legs, one currency: the everyday posting. `p_from` and `p_to` are account kinds below 10 for a player, above for the house.
CREATE FUNCTION wallet_post(
    p_kind smallint, p_key text, p_brand bigint, p_player bigint, p_currency smallint, p_amount numeric,
    p_from smallint, p_from_party text, p_to smallint, p_to_party text, p_to_player bigint,
    p_effective timestamptz, p_stated boolean, p_reference_type smallint, p_reference bigint, p_overdraw boolean, p_meta jsonb
) RETURNS wallet_posted LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    result wallet_posted;
    fingerprint bytea;
    decimals smallint;
    home bigint;
    from_id bigint;
    to_id bigint;
    from_after numeric;
    to_after numeric;
    from_waits boolean;
    to_waits boolean;
BEGIN
    IF p_overdraw AND p_kind NOT IN (4, 5) THEN  -- deposit reversed, charged back
        RAISE EXCEPTION 'Only a chargeback or a reversed deposit may push cash below zero' USING ERRCODE = 'LG006';
    END IF;
    SELECT exponent INTO decimals FROM wallet_currency WHERE id = p_currency;
    IF decimals IS NULL OR p_amount IS NULL OR p_amount <= 0 OR p_amount >= 1e20 OR p_amount = 'NaN' OR p_amount <> round(p_amount, decimals) THEN
        RAISE EXCEPTION 'An amount is above zero with at most % decimals, not %', decimals, p_amount USING ERRCODE = 'LG003';
    END IF;
    -- The one global lock order: the player's row first, then accounts by id. Two players: the lower id first.
    IF p_player IS NOT NULL AND p_to_player <> p_player THEN
        SELECT CASE WHEN count(*) = 2 AND min(brand_id) = max(brand_id) THEN min(brand_id) END INTO home
            FROM (SELECT brand_id FROM players_player WHERE id IN (p_player, p_to_player) ORDER BY id FOR NO KEY UPDATE) both_of_them;
    ELSIF p_player IS NOT NULL THEN
        SELECT brand_id INTO home FROM players_player WHERE id = p_player FOR NO KEY UPDATE;
    ELSE
        home := p_brand;
    END IF;
    IF home IS DISTINCT FROM p_brand THEN
        RAISE EXCEPTION 'Brand % has no player %', p_brand, p_player USING ERRCODE = 'LG004';
    END IF;
    fingerprint := sha256(convert_to(ROW(p_kind, p_brand, p_player, p_currency, trim_scale(p_amount), p_from, p_from_party, p_to, p_to_party, p_to_player,
        p_reference_type, p_reference, CASE WHEN p_stated THEN audit_micros(p_effective) END)::text, 'UTF8'));
    IF p_effective > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION 'A posting cannot take effect in the future (%)', p_effective USING ERRCODE = 'LG007';
    END IF;
    INSERT INTO wallet_transaction (epoch, brand_id, player_id, effective_at, reference_id, kind, reference_type, key, digest, meta)
        VALUES ((SELECT max(id) FROM audit_epoch), p_brand, p_player, coalesce(p_effective, clock_timestamp()), p_reference, p_kind, p_reference_type,
            p_key, fingerprint, p_meta)
        ON CONFLICT (key) DO NOTHING RETURNING id, false, false, recorded_at INTO result;
    IF result.id IS NULL THEN
        RETURN wallet_known(p_key, fingerprint);
    END IF;
    IF p_effective < clock_timestamp() - interval '1 minute' THEN
        PERFORM wallet_refuse_closed_day(p_brand, p_effective);
    END IF;
    -- Accounts of a player change under that player's lock only, so they need no order among themselves, and finding and moving is one
    -- statement. What is not found (no such account yet, too little in it) goes the long way, which opens it or says why.
    IF p_from < 10 AND p_to < 40 AND NOT p_overdraw THEN
        UPDATE wallet_account SET balance = balance - p_amount, version = version + 1
            WHERE player_id = p_player AND currency_id = p_currency AND kind = p_from AND balance - p_amount >= floor
            RETURNING id, balance INTO from_id, from_after;
    END IF;
    IF p_to < 10 AND (p_from BETWEEN 10 AND 39 OR from_id IS NOT NULL) THEN
        UPDATE wallet_account SET balance = balance + p_amount, version = version + 1,
                overdraft = greatest(0, least(overdraft, floor - (balance + p_amount)))
            WHERE player_id = coalesce(p_to_player, p_player) AND currency_id = p_currency AND kind = p_to
            RETURNING id, balance INTO to_id, to_after;
    END IF;
    from_waits := from_id IS NULL AND (p_from < 10 OR p_from >= 40);  -- kinds 10 to 39 are appended: nobody locks or moves them
    to_waits := to_id IS NULL AND (p_to < 10 OR p_to >= 40);
    IF from_id IS NULL THEN
        from_id := wallet_account_of(p_brand, CASE WHEN p_from < 10 THEN p_player END, p_from, p_from_party, p_currency);
    END IF;
    IF to_id IS NULL THEN
        to_id := wallet_account_of(p_brand, CASE WHEN p_to < 10 THEN coalesce(p_to_player, p_player) END, p_to, p_to_party, p_currency);
    END IF;
    IF from_id = to_id THEN
        RAISE EXCEPTION 'A posting moves money between two accounts, not within one' USING ERRCODE = 'LG006';
    END IF;
    -- Running accounts by id.
    IF from_waits AND from_id < to_id THEN
        from_after := wallet_move(from_id, -p_amount, p_overdraw);
    END IF;
    IF to_waits THEN
        to_after := wallet_move(to_id, p_amount, false);
    END IF;
    IF from_waits AND from_id > to_id THEN
        from_after := wallet_move(from_id, -p_amount, p_overdraw);
    END IF;
    INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount, balance_after) VALUES
        (result.id, from_id, result.recorded_at, 1, p_currency, -p_amount, from_after),
        (result.id, to_id, result.recorded_at, 2, p_currency, p_amount, to_after);
    RETURN result;
END $$;

-- Any number of legs, in any number of currencies. Each leg: player (or null), account kind, counterparty, currency, exponent, signed amount.
CREATE FUNCTION wallet_post_legs(
    p_kind smallint, p_key text, p_brand bigint, p_player bigint,
    p_players bigint[], p_kinds smallint[], p_parties text[], p_currencies smallint[], p_amounts numeric[],
    p_effective timestamptz, p_stated boolean, p_reference_type smallint, p_reference bigint, p_reverses bigint, p_overdraw boolean, p_meta jsonb
) RETURNS wallet_posted LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    result wallet_posted;
    fingerprint bytea;
    accounts bigint[] := '{}';
    after numeric[] := array_fill(NULL::numeric, ARRAY[cardinality(p_kinds)]);
    leg integer;
BEGIN
    IF p_overdraw AND p_kind NOT IN (4, 5) THEN  -- deposit reversed, charged back
        RAISE EXCEPTION 'Only a chargeback or a reversed deposit may push cash below zero' USING ERRCODE = 'LG006';
    END IF;
    IF cardinality(p_kinds) < 2 THEN
        RAISE EXCEPTION 'A posting has at least two legs' USING ERRCODE = 'LG003';
    END IF;
    SELECT o INTO leg FROM unnest(p_amounts, p_currencies) WITH ORDINALITY u(amount, currency, o) LEFT JOIN wallet_currency c ON c.id = u.currency
        WHERE c.id IS NULL OR amount IS NULL OR amount = 0 OR abs(amount) >= 1e20 OR amount = 'NaN' OR amount <> round(amount, c.exponent) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Leg %: an amount is not zero and fits the decimals of its currency, not %', leg, p_amounts[leg] USING ERRCODE = 'LG003';
    END IF;
    PERFORM 1 FROM players_player WHERE id = ANY (p_players || p_player) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM unnest(p_players || p_player) u(id) WHERE u.id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM players_player p WHERE p.id = u.id AND p.brand_id = p_brand)) THEN
        RAISE EXCEPTION 'Brand % has no such player among %', p_brand, p_players || p_player USING ERRCODE = 'LG004';
    END IF;
    fingerprint := sha256(convert_to(ROW(p_kind, p_brand, p_player, p_players, p_kinds, p_parties, p_currencies,
        (SELECT array_agg(trim_scale(a) ORDER BY o) FROM unnest(p_amounts) WITH ORDINALITY u(a, o)), p_reference_type, p_reference, p_reverses,
        CASE WHEN p_stated THEN audit_micros(p_effective) END)::text, 'UTF8'));
    IF p_effective > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION 'A posting cannot take effect in the future (%)', p_effective USING ERRCODE = 'LG007';
    END IF;
    INSERT INTO wallet_transaction (brand_id, player_id, effective_at, reference_id, reverses, kind, reference_type, key, digest, meta)
        VALUES (p_brand, p_player, coalesce(p_effective, clock_timestamp()), p_reference, p_reverses, p_kind, p_reference_type, p_key, fingerprint, p_meta)
        ON CONFLICT (key) DO NOTHING RETURNING id, false, false, recorded_at INTO result;
    IF result.id IS NULL THEN
        RETURN wallet_known(p_key, fingerprint);
    END IF;
    IF p_effective < clock_timestamp() - interval '1 minute' THEN
        PERFORM wallet_refuse_closed_day(p_brand, p_effective);
    END IF;
    FOR leg IN 1..cardinality(p_kinds) LOOP
        accounts := accounts || wallet_account_of(p_brand, p_players[leg], p_kinds[leg], p_parties[leg], p_currencies[leg]);
    END LOOP;
    -- Running accounts by id; of one account's legs the credits first.
    FOR leg IN SELECT o FROM unnest(accounts) WITH ORDINALITY u(a, o) WHERE p_kinds[o] < 10 OR p_kinds[o] >= 40 ORDER BY a, p_amounts[o] DESC LOOP
        after[leg] := wallet_move(accounts[leg], p_amounts[leg], p_overdraw);
    END LOOP;
    INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount, balance_after)
        SELECT result.id, accounts[o], result.recorded_at, o, p_currencies[o], p_amounts[o], after[o] FROM generate_series(1, cardinality(accounts)) o;
    RETURN result;
END $$;

-- The opposite of an earlier transaction, leg by leg. The unique key on `reverses` lets it happen once, also under a race.
CREATE FUNCTION wallet_reverse(
    p_original bigint, p_kind smallint, p_key text, p_effective timestamptz, p_reference_type smallint, p_reference bigint, p_overdraw boolean, p_meta jsonb
) RETURNS wallet_posted LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    original wallet_transaction;
    players bigint[];
    kinds smallint[];
    parties text[];
    currencies smallint[];
    amounts numeric[];
BEGIN
    SELECT * INTO original FROM wallet_transaction WHERE id = p_original;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no transaction % to reverse', p_original USING ERRCODE = 'LG008';
    END IF;
    IF original.recorded_at < wallet_carried_before() THEN
        RAISE EXCEPTION 'The entries of transaction % are no longer kept; post a correction that names it', p_original USING ERRCODE = 'LG008';
    END IF;
    SELECT array_agg(a.player_id ORDER BY e.leg), array_agg(a.kind ORDER BY e.leg), array_agg(a.counterparty::text ORDER BY e.leg),
           array_agg(e.currency_id ORDER BY e.leg), array_agg(-e.amount ORDER BY e.leg)
        INTO players, kinds, parties, currencies, amounts
        FROM wallet_entry e JOIN wallet_account a ON a.id = e.account_id
        WHERE e.transaction_id = p_original AND e.recorded_at = original.recorded_at;
    RETURN wallet_post_legs(p_kind, p_key, original.brand_id, original.player_id, players, kinds, parties, currencies, amounts,
        p_effective, false, p_reference_type, p_reference, p_original, p_overdraw, p_meta);
END $$;
