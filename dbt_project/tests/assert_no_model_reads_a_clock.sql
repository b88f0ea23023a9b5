-- What is known is decided by `as_of`: a build that is repeated tomorrow gives the same tables.
{{ models_that_hold(
    '(?i)\\b(now|current_date|current_timestamp|localtimestamp|getdate|today|run_started_at)\\b'
) }}
