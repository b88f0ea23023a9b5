-- What contacts and new customers carry is what was booked and marked as allocated. Months in which
-- an amount has no value are left out: whoever would carry it has no cost.
with

months as (
    select
        cost_unit,
        month_start_date
    from {{ ref('int_cost_pools') }}
    group by cost_unit, month_start_date
    having max(unvalued_cost_count) = 0
),

booked as (
    select
        amounts.cost_unit,
        amounts.month_start_date,
        sum(amounts.cost) as cost
    from {{ ref('fct_costs') }} as amounts
    inner join months
        on
            amounts.cost_unit = months.cost_unit
            and amounts.month_start_date = months.month_start_date
    where amounts.allocation_state = 'allocated'
    group by amounts.cost_unit, amounts.month_start_date
),

parts as (
    select
        'contact' as cost_unit,
        month_start_date,
        cost
    from {{ ref('fct_contact_costs') }}
    union all
    select
        'new_customer' as cost_unit,
        {{ month_of('joined_at') }} as month_start_date,
        cost
    from {{ ref('fct_acquisitions') }}
),

carried as (
    select
        parts.cost_unit,
        parts.month_start_date,
        sum(parts.cost) as cost
    from parts
    inner join months
        on
            parts.cost_unit = months.cost_unit
            and parts.month_start_date = months.month_start_date
    group by parts.cost_unit, parts.month_start_date
)

select
    coalesce(booked.cost_unit, carried.cost_unit) as cost_unit,
    coalesce(booked.month_start_date, carried.month_start_date) as month_start_date,
    booked.cost,
    carried.cost as cost_carried
from booked
full outer join carried
    on
        booked.cost_unit = carried.cost_unit
        and booked.month_start_date = carried.month_start_date
where
    abs(coalesce(booked.cost, 0) - coalesce(carried.cost, 0))
    > 1e-9 * abs(coalesce(booked.cost, 0))
