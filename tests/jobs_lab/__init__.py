"""An app of the tests: kinds of jobs that workers of their own process can run, too."""
