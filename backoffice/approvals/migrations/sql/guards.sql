-- What the database itself refuses about changes: to act twice, to approve one's own, to alter what was submitted, to put into
-- force what was not approved, and to write configuration outside a change that came into force in the same transaction.

CREATE FUNCTION approvals_change_rules() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' AND NOT (NEW.state = 'active' AND NEW.requested_by_id IS NULL) THEN
            RAISE EXCEPTION 'A change begins as a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_change_begins_as_draft';
        END IF;
        NEW.applied_in := CASE WHEN NEW.state = 'active' THEN txid_current() END;
        RETURN NEW;
    END IF;
    IF NEW.requested_by_id IS DISTINCT FROM OLD.requested_by_id OR NEW.kind <> OLD.kind OR NEW.created_at <> OLD.created_at THEN
        RAISE EXCEPTION 'Who asked for what is never rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_change_origin_kept';
    END IF;
    IF OLD.state <> 'draft' AND (NEW.payload IS DISTINCT FROM OLD.payload OR NEW.base IS DISTINCT FROM OLD.base OR NEW.needed < OLD.needed
            OR NEW.effective_at IS DISTINCT FROM OLD.effective_at OR NEW.policy_id IS DISTINCT FROM OLD.policy_id OR NEW.reason <> OLD.reason
            OR (NEW.subject <> OLD.subject AND OLD.subject <> '')) THEN
        RAISE EXCEPTION 'A submitted change is not rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_change_submitted_is_kept';
    END IF;
    IF OLD.state NOT IN ('draft', 'review', 'scheduled') AND NEW.state <> OLD.state AND NOT (OLD.state = 'active' AND NEW.state = 'ended') THEN
        RAISE EXCEPTION 'A change that has ended stays as it ended' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_change_final';
    END IF;
    IF NEW.state IN ('scheduled', 'active') AND OLD.state IN ('draft', 'review') THEN
        IF (SELECT count(*) FROM approvals_approval WHERE change_id = NEW.id AND verdict = 'approved') < NEW.needed
           OR EXISTS (SELECT 1 FROM approvals_approval WHERE change_id = NEW.id AND verdict = 'rejected') THEN
            RAISE EXCEPTION 'This change was not approved' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_change_approved_first';
        END IF;
    END IF;
    -- Only this trigger says in which transaction a change came into force: the guards below trust it. The engine clears it as soon
    -- as the kind has written, so that the tables are closed again for the rest of the transaction.
    NEW.applied_in := CASE WHEN NEW.state = 'active' AND OLD.state <> 'active' THEN txid_current() WHEN NEW.applied_in IS NULL THEN NULL ELSE OLD.applied_in END;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_change_rules BEFORE INSERT OR UPDATE ON approvals_changerequest FOR EACH ROW EXECUTE FUNCTION approvals_change_rules();
CREATE TRIGGER approvals_change_stays BEFORE DELETE ON approvals_changerequest FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_change_no_truncate BEFORE TRUNCATE ON approvals_changerequest FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION approvals_two_people() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    change approvals_changerequest;
BEGIN
    SELECT * INTO change FROM approvals_changerequest WHERE id = NEW.change_id FOR UPDATE;
    IF change.requested_by_id = NEW.staff_id THEN
        RAISE EXCEPTION 'Nobody decides about their own change' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_approval_two_people';
    END IF;
    IF change.state <> 'review' THEN
        RAISE EXCEPTION 'Only a change in review is decided' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_approval_in_review';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_two_people BEFORE INSERT ON approvals_approval FOR EACH ROW EXECUTE FUNCTION approvals_two_people();
CREATE TRIGGER approvals_approval_immutable BEFORE UPDATE OR DELETE ON approvals_approval FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_approval_no_truncate BEFORE TRUNCATE ON approvals_approval FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION approvals_version_rules() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.effective_until IS NOT NULL OR NEW.effective_until IS NULL
       OR (to_jsonb(NEW) - 'effective_until') IS DISTINCT FROM (to_jsonb(OLD) - 'effective_until') THEN
        RAISE EXCEPTION 'A version is kept as it was; it only ends, once' USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_version_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_version_rules BEFORE UPDATE OR DELETE ON approvals_version FOR EACH ROW EXECUTE FUNCTION approvals_version_rules();
CREATE TRIGGER approvals_version_no_truncate BEFORE TRUNCATE ON approvals_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- On every table that configures behaviour. Its arguments are the kinds that may write it. A migration may too: it runs as the
-- table's owner, and `manage.py migrate` says so; the app's login is never the owner.
CREATE FUNCTION approvals_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM approvals_changerequest WHERE applied_in = txid_current() AND state = 'active' AND kind = ANY (TG_ARGV)) THEN
        RETURN NULL;
    END IF;
    IF current_setting('countroom.migrating', true) = 'on'
       AND (SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is changed by approval only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_guard', HINT = 'Propose the change through backoffice.approvals.';
END $$;
