"""What Prometheus reads at /metrics. Off until METRICS_TOKEN is set.

Two kinds, for two reasons (docs/decisions/0008-metrics-of-two-kinds.md): what a process did itself, requests and tasks, is counted in files that
all processes of a machine share (`counting`); what is true of the whole installation is read from the database when somebody asks (`house`).
"""
