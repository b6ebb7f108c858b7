"""Addresses of the kit of queues that belong to no single queue."""

from django.urls import path

from backoffice.work.views import happening, notes

app_name = "work"
urlpatterns = [
    path("live/", happening.live, name="live"),
    path("live/lines", happening.lines, name="live-lines"),
    path("notes/write", notes.write, name="note-write"),
    path("notes/people", notes.people, name="note-people"),
    path("notes/<int:pk>/", notes.note, name="note"),
    path("notes/about/<str:subject_type>/<int:pk>/", notes.about, name="notes"),
    path("notes/files/<int:pk>", notes.attachment, name="attachment"),
]
