"""Jobs and exports."""

from django.urls import path

from backoffice.jobs.views import exports, imports, jobs

app_name = "jobs"
urlpatterns = [
    path("jobs/", jobs.index, name="jobs"),
    path("jobs/<int:pk>/", jobs.detail, name="job"),
    path("jobs/<int:pk>/progress", jobs.progress, name="job-progress"),
    path("jobs/<int:pk>/cancel", jobs.cancel, name="job-cancel"),
    path("jobs/<int:pk>/take-up", jobs.take_up, name="job-take-up"),
    path("jobs/<int:pk>/decide", jobs.decide, name="job-decide"),
    path("jobs/<int:pk>/file", jobs.file, name="job-file"),
    path("jobs/<int:pk>/columns", imports.columns, name="import-columns"),
    path("jobs/<int:pk>/confirm", imports.confirm, name="import-confirm"),
    path("jobs/<int:pk>/rows/<str:which>", imports.rows, name="import-rows"),
    path("imports/", imports.index, name="imports"),
    path("imports/<str:code>/", imports.upload, name="import"),
    path("imports/<str:code>/template", imports.template, name="import-template"),
    path("exports/<str:code>/", exports.ask, name="export"),
]
