"""Addresses of players."""

from django.urls import path

from backoffice.work.addresses import addresses
from players.complaints import views as complaints
from players.complaints.queue import COMPLAINTS
from players.dormancy import views as dormancy
from players.duplicates.queue import DUPLICATES
from players.lists import LIST
from players.merging import views as merging
from players.messages.lists import LIST as MESSAGES
from players.privacy import views as privacy
from players.privacy.lists import LIST as PERSONAL_DATA
from players.profile import views as profile
from players.queues import INSTRUMENTS
from players.timeline.looks import LIST as LOOKS
from players.views import blocks, contact, messages, player, reveal, segments, tags, tickets

app_name = "players"
urlpatterns = [
    *addresses(INSTRUMENTS),
    *addresses(LIST),
    *addresses(MESSAGES),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/resend", messages.resend, name="message-resend"),
    path("players/<int:pk>/write/", messages.write, name="message-write"),
    path("players/<int:pk>/", player.player, name="player"),
    path("players/<int:pk>/tickets/", tickets.tickets, name="tickets"),
    path("players/<int:pk>/tickets/open", tickets.open_ticket, name="ticket-open"),
    path("tickets/<int:pk>/", tickets.ticket, name="ticket"),
    path("tickets/<int:pk>/go-on", tickets.go_on, name="ticket-go-on"),
    path("players/<int:pk>/contact/", contact.show, name="contact"),
    path("players/<int:pk>/contact/consent", contact.record_consent, name="contact-consent"),
    path("players/<int:pk>/blocks/", blocks.blocks, name="blocks"),
    path("players/<int:pk>/blocks/set", blocks.set_block, name="block-set"),
    path("players/<int:pk>/blocks/<int:block>/lift", blocks.lift_block, name="block-lift"),
    *addresses(COMPLAINTS),
    *addresses(DUPLICATES),
    path("duplicates/<int:pk>/merge/", merging.merge, name="merge"),
    path("duplicates/<int:pk>/unmerge/", merging.unmerge, name="unmerge"),
    path("duplicates/<int:pk>/late/", merging.carry_late, name="carry-late"),
    *addresses(LOOKS),
    *addresses(PERSONAL_DATA),
    path("personal-data/<int:pk>/", privacy.show, name="access"),
    path("personal-data/<int:pk>/make", privacy.make, name="access-make"),
    path("personal-data/<int:pk>/deliver", privacy.deliver, name="access-deliver"),
    path("personal-data/<int:pk>/refuse", privacy.refuse_it, name="access-refuse"),
    path("personal-data/<int:pk>/extend/", privacy.extend, name="access-extend"),
    path("personal-data/kept/<int:pk>/", privacy.kept, name="kept"),
    path("personal-data/kept/<int:pk>/files/<int:file>/", privacy.kept_file, name="kept-file"),
    path("players/<int:pk>/personal-data/", privacy.ask, name="ask-access"),
    path("players/<int:pk>/erase/", privacy.erase, name="erase"),
    path("players/<int:pk>/profile/", profile.edit, name="edit-profile"),
    path("players/<int:pk>/profile/take-back", profile.take_back, name="take-back-identity"),
    path("players/<int:pk>/state/<slug:to>/", profile.state, name="account-state"),
    path("players/<int:pk>/sessions/", profile.end_sessions, name="end-sessions"),
    path("players/<int:pk>/caller/", profile.check_caller, name="check-caller"),
    path("players/<int:pk>/complaint/", complaints.record, name="record-complaint"),
    path("players/<int:pk>/credentials/", profile.reset_credentials, name="reset-credentials"),
    path("players/<int:pk>/reactivate/", dormancy.reactivate, name="reactivate"),
    path("players/<int:pk>/reveal/<slug:name>", reveal.reveal, name="reveal"),
    path("players/<int:pk>/tags", tags.change, name="tags"),
    path("segments/", segments.segments, name="segments"),
    path("segments/<slug:code>/", segments.segment, name="segment"),
    path("segments/<slug:code>/compute", segments.compute, name="segment-compute"),
]
