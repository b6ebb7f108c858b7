-- What an erasure may overwrite is emptied by it and never reworded by anything: the login of the app may write these columns, with nothing but nothing.

CREATE FUNCTION players_only_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF after ->> name IS DISTINCT FROM before ->> name AND after ->> name NOT IN ('', '–', '0.0.0.0') THEN
            RAISE EXCEPTION 'permission denied: % of % is only ever emptied', name, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;

CREATE TRIGGER only_emptied BEFORE UPDATE OF note ON players_block FOR EACH ROW EXECUTE FUNCTION players_only_emptied('note');
CREATE TRIGGER only_emptied BEFORE UPDATE OF reason ON players_consent FOR EACH ROW EXECUTE FUNCTION players_only_emptied('reason');
CREATE TRIGGER only_emptied BEFORE UPDATE OF ip, country ON players_signin FOR EACH ROW EXECUTE FUNCTION players_only_emptied('ip', 'country');
