"""The items of the scorecard: what each is, what it counts for, and the tests that hold it."""

from dataclasses import dataclass

ACCESSIBLE, FAST, TASKS, SAFE, RESILIENT = "accessibility", "speed and weight", "task efficiency", "safety", "resilience"
WEIGHTS = {ACCESSIBLE: 25, FAST: 25, TASKS: 25, SAFE: 15, RESILIENT: 10}


@dataclass(frozen=True)
class Item:
    number: int
    name: str
    group: str
    tests: tuple[tuple[str, str], ...] = ()  # what a test holds, and its node id


RACES = "tests/payments/test_payouts.py::test_of_a_hundred_racing_decisions_one_takes_effect"
DECIDING = "tests/payments/test_withdrawals.py::"
PAGES = "tests/payments/test_pages.py::"
CHANGES = "tests/backoffice/approvals/test_changes.py::"
E2E = "tests/e2e/test_withdrawals.py::"

ITEMS = (
    Item(1, "axe: WCAG 2.2 A and AA with best practice, every page, light and dark, 1280 and 375 px", ACCESSIBLE),
    Item(2, "Contrast of the tokens", ACCESSIBLE, (
        ("text 4.5, controls and signs 3.0, both themes", "tests/backoffice/ui/test_contrast.py"),
    )),
    Item(3, "First load of the queue with 50 rows", FAST),
    Item(4, "Repeat navigation and a changed filter", FAST),
    Item(5, "Requests", FAST),
    Item(6, "Content security policy, foreign origins, inline script and style", RESILIENT),
    Item(7, "Time to first byte, p95 at 20 requests a second", FAST),
    Item(8, "Queries of a page", FAST),
    Item(9, "FCP, LCP, CLS and INP with a processor four times slower", FAST),
    Item(10, "DOM nodes of the queue with 50 rows", FAST),
    Item(11, "Withdrawals reviewed by keyboard alone", TASKS, (
        ("five items, one rejected with a reason, one waiting for a second person", E2E + "test_an_operator_clears_the_queue_by_keyboard_alone"),
    )),
    Item(12, "Clicks to a decision, the next item loaded", TASKS),
    Item(13, "Pages opened to answer seven questions about a withdrawal", TASKS),
    Item(14, "Without JavaScript", RESILIENT),
    Item(15, "Two people, or a hundred posts, decide at once", SAFE, (
        ("a hundred racing decisions: one takes effect", RACES),
        ("the second is told who decided and keeps the note", E2E + "test_who_decides_second_is_told_and_keeps_the_note"),
        ("a stale decision answers 409", PAGES + "test_a_stale_decision_answers_409_with_who_decided_and_the_typed_note"),
    )),
    Item(16, "Ways around four eyes", SAFE, (
        ("the same person twice", DECIDING + "test_the_same_person_cannot_give_both_approvals"),
        ("without the permission", DECIDING + "test_the_second_approval_needs_its_permission"),
        ("straight into the database", DECIDING + "test_the_database_itself_refuses_one_person_twice"),
        ("a stale version", DECIDING + "test_a_second_decision_is_refused_and_changes_nothing"),
        ("the same form again", PAGES + "test_the_same_form_sent_twice_decides_once"),
        ("changes of settings: the requester", CHANGES + "test_the_requester_never_approves"),
        ("changes of settings: two approvals, one person", CHANGES + "test_two_approvals_are_two_people"),
        ("changes of settings: straight into the database", CHANGES + "test_the_database_itself_refuses_the_same_person_twice"),
    )),
    Item(17, "Undo", SAFE, (
        ("no call to the provider before ten seconds", "tests/payments/test_payouts.py::test_nothing_is_sent_before_the_ten_seconds_are_over"),
        ("undo restores the state, two facts", DECIDING + "test_undo_brings_it_back_within_ten_seconds_for_who_approved"),
        ("after ten seconds it is too late", DECIDING + "test_after_ten_seconds_it_is_too_late_to_undo"),
        ("in the browser", E2E + "test_an_approval_is_undone_and_another_settles_with_its_postings_and_facts"),
    )),
    Item(18, "A tile says what its list holds", SAFE, (
        ("every number on Home, random work", "tests/backoffice/test_home.py::test_every_number_on_home_is_the_list_that_it_opens"),
        ("every tab, random filters", "tests/backoffice/work/test_queue.py::test_the_size_of_every_tab_equals_its_list_over_random_filters"),
        ("the figures above the queue", PAGES + "test_the_figures_above_the_list_are_the_sizes_of_their_lists"),
    )),
    Item(19, "An address gives the same rows again, and to others", RESILIENT, (
        ("random filters, sorts and pages", "tests/backoffice/work/test_queue.py::test_an_address_gives_the_same_rows_after_a_reload_and_to_a_colleague"),
    )),
    Item(20, "Targets, focus, reflow, large text, shortcuts", ACCESSIBLE),
    Item(21, "Long words and other languages", ACCESSIBLE),
    Item(22, "Somebody else's decision is seen", RESILIENT, (
        ("no row moves", "tests/e2e/test_screens.py::test_what_somebody_else_decides_is_told_without_moving_a_row"),
    )),
    Item(23, "An import of 12,000 rows", RESILIENT, (
        ("problems name line and column", "tests/backoffice/jobs/test_imports.py::test_a_dry_run_writes_nothing_and_names_line_column_and_what_to_do"),
    )),
    Item(24, "Clicks from sign-in to the first decision", TASKS),
)  # fmt: skip
