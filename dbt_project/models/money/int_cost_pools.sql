-- depends_on: {{ ref('int_cost_pools_before') }}
with

costs as (
    select * from {{ ref('int_costs_valued') }}
    where cost_unit is not null and (cost_group <> '' or is_shared) and is_month_over
),

units as (
    select * from {{ ref('int_cost_units') }}
),

pooled as (
    select
        cost_unit,
        month_start_date,
        cost_group,
        is_shared,
        sum(cost) as cost,
        {{ sum_bigint(one_if('cost is null')) }} as unvalued_cost_count
    from costs
    group by cost_unit, month_start_date, cost_group, is_shared
),

group_counts as (
    select
        cost_unit,
        month_start_date,
        cost_group,
        count(*) as unit_count
    from units
    group by cost_unit, month_start_date, cost_group
),

month_counts as (
    select
        cost_unit,
        month_start_date,
        sum(unit_count) as unit_count
    from group_counts
    group by cost_unit, month_start_date
),

counted as (
    select
        pooled.*,
        coalesce(
            case
                when pooled.is_shared then month_counts.unit_count
                else group_counts.unit_count
            end,
            0
        ) as unit_count
    from pooled
    left join month_counts
        on
            pooled.cost_unit = month_counts.cost_unit
            and pooled.month_start_date = month_counts.month_start_date
    left join group_counts
        on
            pooled.cost_unit = group_counts.cost_unit
            and pooled.month_start_date = group_counts.month_start_date
            and pooled.cost_group = group_counts.cost_group
),

final as (
    select
        cost_unit,
        cost_group,

        cost,
        unvalued_cost_count,
        cast(unit_count as bigint) as unit_count,
        case
            when unvalued_cost_count = 0 then {{ ratio('cost', 'unit_count') }}
        end as cost_per_unit,

        is_shared,

        month_start_date
    from counted
)

select * from final
