-- Names are compared as people type them: without accents, in capitals ("muller" finds Müller, "lodz" finds Łódź, "strasse" finds Straße).
-- What unaccent does rests on its rules, which a new version of PostgreSQL may widen: REINDEX the three indexes over names after an upgrade.

CREATE FUNCTION players_folded(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN upper(public.unaccent('public.unaccent'::regdictionary, words));

-- Players by name, at most `cap` ids a way and brand, whatever was typed; each way is read through its index and no further than the cap.
-- players_named: what the names begin with (btree, in the order of the index), then, if that is less than the cap and some word has three
-- letters, players_named_inside: names that hold the words anywhere (trigrams; words of one or two letters at the beginning of a word).
-- The plans are fixed: one that hopes to meet enough matches early on its way through a table or a brand reads all of it when there are none.

CREATE OR REPLACE FUNCTION players_named_inside(brands bigint[], words text[], cap integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE ROWS 20 SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
SET enable_bitmapscan = on AS $$
DECLARE
    wanted text;
    brand bigint;
BEGIN
    -- Written out with its values: only then is each pattern a key of the index.
    SELECT string_agg(format('players_folded('' '' || first_name || '' '' || last_name) LIKE %L',
        CASE WHEN length(word) >= 3 THEN '%' ELSE '% ' END || regexp_replace(players_folded(word), '([\\%_])', '\\\1', 'g') || '%'), ' AND ')
        INTO wanted FROM unnest(words) word;
    FOREACH brand IN ARRAY brands LOOP
        RETURN QUERY EXECUTE format('SELECT id FROM players_player WHERE (- brand_id) = %L::bigint AND %s LIMIT %s', -brand, wanted, cap);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION players_named(brands bigint[], words text[], cap integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE ROWS 20 SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    last_word text := regexp_replace(players_folded(words[cardinality(words)]), '([\\%_])', '\\\1', 'g') || '%';
    before text := players_folded(array_to_string(words[1 : cardinality(words) - 1], ' '));
    found integer := 0;
    more integer;
BEGIN
    IF cardinality(words) = 1 THEN
        RETURN QUERY SELECT p.id FROM unnest(brands) b (id), LATERAL (
            SELECT q.id FROM players_player q WHERE q.brand_id = b.id AND players_folded(q.last_name) LIKE last_word
            ORDER BY players_folded(q.last_name) USING ~<~, players_folded(q.first_name) USING ~<~ LIMIT cap) p;
        GET DIAGNOSTICS found = ROW_COUNT;
        RETURN QUERY SELECT p.id FROM unnest(brands) b (id), LATERAL (
            SELECT q.id FROM players_player q WHERE q.brand_id = b.id AND players_folded(q.first_name) LIKE last_word
            ORDER BY players_folded(q.first_name) USING ~<~, players_folded(q.last_name) USING ~<~ LIMIT cap) p;
    ELSE
        RETURN QUERY SELECT p.id FROM unnest(brands) b (id), LATERAL (
            SELECT q.id FROM players_player q WHERE q.brand_id = b.id AND players_folded(q.first_name) = before AND players_folded(q.last_name) LIKE last_word
            ORDER BY players_folded(q.last_name) USING ~<~ LIMIT cap) p;
        GET DIAGNOSTICS found = ROW_COUNT;
        RETURN QUERY SELECT p.id FROM unnest(brands) b (id), LATERAL (
            SELECT q.id FROM players_player q WHERE q.brand_id = b.id AND players_folded(q.last_name) = before AND players_folded(q.first_name) LIKE last_word
            ORDER BY players_folded(q.first_name) USING ~<~ LIMIT cap) p;
    END IF;
    GET DIAGNOSTICS more = ROW_COUNT;
    IF found + more < cap AND EXISTS (SELECT FROM unnest(words) word WHERE length(word) >= 3) THEN
        RETURN QUERY SELECT * FROM players_named_inside(brands, words, cap);
    END IF;
END
$$;
