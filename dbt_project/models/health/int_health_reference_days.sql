with

health as (
    select * from {{ source('declared', 'health') }}
),

final as (
    select
        health_id,
        'now' as reference,
        {{ as_of_end() }} as ends_at
    from health
    union all
    select
        health_id,
        'before' as reference,
        {{ add_days(as_of_end(), '-movement_days') }} as ends_at
    from health
)

select * from final
