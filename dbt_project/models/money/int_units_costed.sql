with

units as (
    select * from {{ ref('int_cost_units') }}
),

pools as (
    select * from {{ ref('int_cost_pools') }}
),

final as (
    select
        units.cost_unit,
        units.unit_id,

        -- a share of a pool that is not known whole would pass for the whole cost
        case
            when own.unvalued_cost_count > 0 or shared.unvalued_cost_count > 0 then null
            when own.cost_unit is null and shared.cost_unit is null then null
            else coalesce(own.cost_per_unit, 0) + coalesce(shared.cost_per_unit, 0)
        end as cost,

        units.month_start_date
    from units
    left join pools as own
        on
            units.cost_unit = own.cost_unit
            and units.month_start_date = own.month_start_date
            and units.cost_group = own.cost_group
            and not own.is_shared
    left join pools as shared
        on
            units.cost_unit = shared.cost_unit
            and units.month_start_date = shared.month_start_date
            and shared.is_shared
)

select * from final
