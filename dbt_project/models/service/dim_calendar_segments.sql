with

segments as (
    select * from {{ source('declared', 'calendar_segment') }}
),

final as (
    select
        calendar_id,

        open_minutes_before,

        is_open,

        segment_date,

        {{ instant('starts_at') }} as starts_at,
        {{ instant('ends_at') }} as ends_at
    from segments
)

select * from final
