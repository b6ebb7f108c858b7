-- The record: one append-only, sequenced, sealed stream of facts. See docs/architecture.md, "The record".

-- A restore starts a new epoch, since transaction ids start over in another cluster; positions and seals go on.
CREATE TABLE audit_epoch (
    id smallint PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note text NOT NULL DEFAULT ''
);
INSERT INTO audit_epoch (id, note) VALUES (1, 'The beginning');

-- A default of every row of both streams: PL/pgSQL keeps its plan, and a search path to set at each call would cost more than the look-up.
CREATE FUNCTION audit_current_epoch() RETURNS smallint LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS 'BEGIN RETURN (SELECT max(id) FROM public.audit_epoch); END';

-- History cannot change: row triggers refuse UPDATE and DELETE, statement triggers TRUNCATE, on parents and partitions.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are history and never change', TG_OP, TG_TABLE_NAME USING ERRCODE = 'CR001';
END $$;

CREATE SEQUENCE audit_event_id_seq;
CREATE TABLE audit_event (
    id bigint NOT NULL DEFAULT nextval('audit_event_id_seq'),
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    brand_id bigint,
    player_id bigint,
    subject_id bigint NOT NULL,
    actor_id bigint,
    authorised_by_id bigint,
    epoch smallint NOT NULL DEFAULT audit_current_epoch(),
    visibility smallint NOT NULL CHECK (visibility IN (0, 1)),
    type text NOT NULL,
    subject_type text NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'player', 'system', 'integration')),
    actor_label text NOT NULL,
    ip text NOT NULL,
    session text NOT NULL,
    request_id text NOT NULL,
    reason text NOT NULL,
    before text,
    after text,
    PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
ALTER SEQUENCE audit_event_id_seq OWNED BY audit_event.id;
CREATE INDEX audit_event_order ON audit_event (epoch, xid);
CREATE INDEX audit_event_time ON audit_event (happened_at DESC, id DESC);
CREATE INDEX audit_event_player ON audit_event (player_id, happened_at DESC, id DESC) WHERE player_id IS NOT NULL;
CREATE INDEX audit_event_subject ON audit_event (subject_type, subject_id, happened_at DESC, id DESC);
CREATE TRIGGER audit_event_immutable BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the sequencer writes: the order in which transactions became visible to everybody.
CREATE TABLE audit_position (
    position bigint PRIMARY KEY,
    event_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    number bigint NOT NULL,  -- within its subject and visibility, from 1
    leaf bytea NOT NULL
);
CREATE UNIQUE INDEX audit_position_event ON audit_position (event_id);

CREATE TABLE audit_subject (
    subject_type text NOT NULL,
    subject_id bigint NOT NULL,
    visibility smallint NOT NULL,
    last_number bigint NOT NULL,
    PRIMARY KEY (subject_type, subject_id, visibility)
);

-- One row a sequenced range of transaction ids, per stream ('record', 'ledger').
CREATE TABLE audit_range (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text NOT NULL,
    epoch smallint NOT NULL,
    to_xid xid8 NOT NULL,          -- every row of the epoch with a lower transaction id has a position
    last_position bigint NOT NULL,
    sequenced_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_range_last ON audit_range (stream, id DESC);

CREATE TABLE audit_seal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text NOT NULL,
    number bigint NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    root bytea NOT NULL,            -- Merkle root over the leaves of the range
    subjects_root bytea NOT NULL,   -- Merkle root over the last number of every subject that the range touched
    previous bytea NOT NULL,
    seal bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (stream, number),
    CHECK (last_position >= first_position)
);

-- How far each reader of the streams has come: projections, webhooks, feeds.
CREATE TABLE audit_cursor (
    name text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['audit_position', 'audit_range', 'audit_seal', 'audit_epoch'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t || '_immutable', t);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t || '_no_truncate', t);
    END LOOP;
END $$;

CREATE FUNCTION audit_micros(value timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM value) * 1000000)::bigint::text $$;

-- Months ahead, each with its triggers and without rights of its own; a filled DEFAULT becomes the range that it covers.
CREATE FUNCTION make_partitions(parent regclass, months integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    base text := parent::text;
    month date := date_trunc('month', clock_timestamp())::date;
    fallback text := parent::text || '_default';
    made integer := 0;
    low date;
    high date;
    name text;
    filled boolean;
    wanted text;
    definition text;
    opened text;
BEGIN
    IF base NOT IN ('audit_event', 'wallet_entry') THEN
        RAISE EXCEPTION '% is not a table that is kept by the month', base;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_partitions:' || base));
    IF to_regclass(fallback) IS NOT NULL THEN
        EXECUTE format('SELECT min(recorded_at)::date, max(recorded_at)::date FROM %I', fallback) INTO low, high;
        IF low IS NOT NULL THEN
            low := date_trunc('month', low)::date;
            high := (date_trunc('month', high) + interval '1 month')::date;
            name := base || '_' || to_char(low, 'YYYYMM') || '_to_' || to_char(high, 'YYYYMM');
            EXECUTE format('ALTER TABLE %s DETACH PARTITION %I', parent, fallback);
            EXECUTE format('ALTER TABLE %I RENAME TO %I', fallback, name);
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
            made := made + 1;
        END IF;
    END IF;
    FOR i IN 0..months LOOP
        low := (month + make_interval(months => i))::date;
        high := (low + interval '1 month')::date;
        name := base || '_' || to_char(low, 'YYYYMM');
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = %L::regclass
            AND pg_get_expr(c.relpartbound, c.oid) <> ''DEFAULT''
            AND (substring(pg_get_expr(c.relpartbound, c.oid) FROM ''FROM \(''''([^'''']+)'')::timestamptz <= %L::timestamptz)
            AND (substring(pg_get_expr(c.relpartbound, c.oid) FROM ''TO \(''''([^'''']+)'')::timestamptz > %L::timestamptz))', base, low, low) INTO filled;
        CONTINUE WHEN filled;
        EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', name, parent, low, high);
        made := made + 1;
    END LOOP;
    IF to_regclass(fallback) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %s DEFAULT', fallback, parent);
    END IF;
    FOR name IN SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = parent ORDER BY relname LOOP
        -- Row triggers come from the parent; those of statements do not, and would let a statement pass that names the partition.
        FOR wanted, definition IN SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t
                WHERE t.tgrelid = parent AND NOT t.tgisinternal AND t.tgtype & 1 = 0
                  AND NOT EXISTS (SELECT 1 FROM pg_trigger o WHERE o.tgrelid = name::regclass AND o.tgname = t.tgname) LOOP
            EXECUTE replace(definition, format(' ON public.%I ', base), format(' ON public.%I ', name));
        END LOOP;
        -- Default privileges may have opened the new tables to the app; a partition is reached through its parent alone.
        FOR opened IN SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.oid = name::regclass AND a.grantee <> c.relowner AND a.grantee <> 0 LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', name, opened);
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
SELECT make_partitions('audit_event', 12);
