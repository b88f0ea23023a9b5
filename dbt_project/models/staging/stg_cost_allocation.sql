with

declared as (
    select * from {{ source('declared', 'cost_allocation') }}
),

final as (
    select
        cost_kind,
        cost_unit,

        is_ungrouped_shared
    from declared
)

select * from final
