-- A part of a clock begins where the one before it ended, with the minutes that had passed by then.
with

parts as (
    select
        *,
        lead(starts_at) over (partition by calendar_id order by starts_at) as next_starts_at,
        lead(open_minutes_before) over (
            partition by calendar_id order by starts_at
        ) as next_open_minutes_before
    from {{ ref('dim_calendar_segments') }}
)

select
    calendar_id,
    starts_at,
    ends_at,
    next_starts_at
from parts
where
    starts_at >= ends_at
    or cast(starts_at as date) <> segment_date
    or ends_at <> next_starts_at
    or open_minutes_before
    + case when is_open then {{ minutes_between('starts_at', 'ends_at') }} else 0 end
    <> next_open_minutes_before
