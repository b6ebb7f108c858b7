"""The pages of jobs and exports: HTTP in, a selector or one service, HTTP out."""
