"""What all tests share. Fixtures stand by subject in tests/support/."""

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.databases",
    "tests.support.apps",
    "tests.support.server",
    "tests.support.browser",
    "tests.support.no_skips",
    "tests.support.pace",
]
