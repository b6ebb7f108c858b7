-- What keeps the ledger readable: balances of appended accounts as snapshots at a boundary, daily totals, closed days.

CREATE TABLE wallet_boundary (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch smallint NOT NULL,
    xid xid8 NOT NULL   -- entries of transactions below it are in the snapshots and in the daily totals
);
INSERT INTO wallet_boundary (epoch, xid) VALUES (1, '0');

-- Takes everything between the boundary and `p_to` into the snapshots and totals, then moves the boundary. `p_to` may not lie
-- above the oldest running transaction, so that nothing can appear below the boundary afterwards.
CREATE FUNCTION wallet_take_in(p_epoch smallint, p_to xid8) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at wallet_boundary;
    result bigint;
BEGIN
    SELECT * INTO at FROM wallet_boundary FOR UPDATE;
    IF p_epoch < at.epoch OR (p_epoch = at.epoch AND p_to <= at.xid) THEN
        RETURN 0;
    END IF;
    IF p_epoch = audit_current_epoch() AND p_to > pg_snapshot_xmin(pg_current_snapshot()) THEN
        RAISE EXCEPTION 'Transaction id % is not below the horizon', p_to USING ERRCODE = 'LG009';
    END IF;
    WITH taken AS MATERIALIZED (
        SELECT e.account_id, t.brand_id, t.kind, (t.effective_at AT TIME ZONE b.timezone)::date AS day, coalesce(p.is_test, false) AS test,
               coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) AS credits, coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0) AS debits,
               count(*) AS count
        FROM wallet_transaction t
        JOIN wallet_entry e ON e.transaction_id = t.id AND e.recorded_at = t.recorded_at
        JOIN scope_brand b ON b.id = t.brand_id
        LEFT JOIN players_player p ON p.id = t.player_id
        WHERE t.epoch = p_epoch AND t.xid < p_to AND (t.epoch > at.epoch OR t.xid >= at.xid)
        GROUP BY 1, 2, 3, 4, 5
    ), snapshots AS (
        UPDATE wallet_account a SET balance = a.balance + s.moved, version = a.version + 1
            FROM (SELECT account_id, sum(credits - debits) AS moved FROM taken GROUP BY 1) s
            WHERE a.id = s.account_id AND NOT a.running
    ), totals AS (
        INSERT INTO wallet_dailytotal (brand_id, account_id, kind, day, test, credits, debits, count)
            SELECT brand_id, account_id, kind, day, test, credits, debits, count FROM taken
            ON CONFLICT (account_id, day, kind, test) DO UPDATE SET credits = wallet_dailytotal.credits + excluded.credits,
                debits = wallet_dailytotal.debits + excluded.debits, count = wallet_dailytotal.count + excluded.count
    )
    SELECT coalesce(sum(count), 0) INTO result FROM taken;
    UPDATE wallet_boundary SET epoch = p_epoch, xid = p_to;
    RETURN result;
END $$;

-- Closes a day, once: minutes after its end, in order, when no transaction that may have posted into it still runs, and when all of
-- them have a position.
CREATE FUNCTION wallet_close_day(p_brand bigint, p_day date, p_by bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    ends timestamptz;
    through bigint;
    earlier date;
    running xid[];
    patience timestamptz := clock_timestamp() + interval '3 seconds';
BEGIN
    SELECT ((p_day + 1)::timestamp AT TIME ZONE timezone) INTO ends FROM scope_brand WHERE id = p_brand;
    IF ends IS NULL THEN
        RAISE EXCEPTION 'There is no brand %', p_brand USING ERRCODE = 'LG006';
    END IF;
    IF clock_timestamp() < ends + interval '5 minutes' THEN
        RAISE EXCEPTION 'The day % can be closed from % on', p_day, ends + interval '5 minutes' USING ERRCODE = 'LG005';
    END IF;
    -- A posting that states no time, or one less than a minute old, takes no lock: those that run now are waited for, later ones take effect
    -- later. Every transaction that writes holds a lock on its own id, which every login can see, unlike when it began.
    running := ARRAY(SELECT transactionid FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND pid IS DISTINCT FROM pg_backend_pid());
    WHILE EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND transactionid = ANY (running)) LOOP
        IF clock_timestamp() > patience THEN
            RAISE EXCEPTION 'A transaction that may have posted into the day % is still running; try again in a moment', p_day USING ERRCODE = 'LG005';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    BEGIN
        PERFORM pg_advisory_xact_lock(7202602, p_brand::integer);  -- back-dated postings share it until they end
    EXCEPTION WHEN lock_not_available THEN
        RAISE EXCEPTION 'A back-dated posting is still running; try again in a moment' USING ERRCODE = 'LG005';
    END;
    SELECT max(day) INTO earlier FROM wallet_dayclose WHERE brand_id = p_brand;
    IF earlier >= p_day THEN
        RAISE EXCEPTION 'The books of this brand are closed up to %', earlier USING ERRCODE = 'LG005';
    END IF;
    IF EXISTS (SELECT 1 FROM wallet_transaction t, wallet_boundary b WHERE (t.epoch, t.xid) >= (b.epoch, b.xid) AND t.brand_id = p_brand
               AND t.effective_at < ends) THEN
        RAISE EXCEPTION 'Postings of the day % have no position yet; try again in a moment', p_day USING ERRCODE = 'LG005';
    END IF;
    SELECT coalesce(max(last_position), 0) INTO through FROM wallet_sequence;
    INSERT INTO wallet_dayclose (brand_id, day, closed_at, closed_by_id, through_transaction) VALUES (p_brand, p_day, clock_timestamp(), p_by, through);
    RETURN through;
END $$;
CREATE TRIGGER wallet_dayclose_immutable BEFORE UPDATE OR DELETE ON wallet_dayclose FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION wallet_add_currency(p_code text, p_name text, p_exponent smallint, p_kind text) RETURNS smallint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    known wallet_currency;
BEGIN
    INSERT INTO wallet_currency (code, name, exponent, kind) VALUES (p_code, p_name, p_exponent, p_kind) ON CONFLICT (code) DO NOTHING RETURNING * INTO known;
    IF known.id IS NULL THEN
        SELECT * INTO known FROM wallet_currency WHERE code = p_code;
        IF known.exponent <> p_exponent OR known.kind <> p_kind THEN
            RAISE EXCEPTION 'Currency % is kept with % decimals as %; that never changes', p_code, known.exponent, known.kind USING ERRCODE = 'LG003';
        END IF;
    END IF;
    RETURN known.id;
END $$;
CREATE TRIGGER wallet_currency_immutable BEFORE UPDATE OR DELETE ON wallet_currency FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Rows that are updated all the time keep room on their page, so that an update touches no index.
ALTER TABLE wallet_account SET (fillfactor = 80);
ALTER TABLE wallet_dailytotal SET (fillfactor = 70);
