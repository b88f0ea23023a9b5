with

costs as (
    select * from {{ ref('stg_cost') }}
),

rules as (
    select * from {{ ref('stg_cost_allocation') }}
),

rates as (
    select * from {{ ref('stg_currency_rate') }}
),

grouped as (
    select
        costs.*,
        rules.cost_unit,
        coalesce(rules.is_ungrouped_shared, false) as is_ungrouped_shared,
        case rules.cost_unit
            when 'contact' then costs.team
            when 'new_customer' then costs.acquisition_channel
        end as cost_group,
        costs.amount * rates.rate as cost,
        {{ month_of('costs.cost_date') }} as month_start_date
    from costs
    left join rules on costs.kind = rules.cost_kind
    left join rates on {{ rate_holds_on('rates', 'costs.currency', 'costs.cost_date') }}
),

final as (
    select
        cost_id,
        source,

        kind,
        team,
        acquisition_channel,
        currency,
        cost_unit,
        coalesce(cost_group, '') as cost_group,

        amount,
        cost,

        cost_group is null and is_ungrouped_shared as is_shared,
        {{ add_months('month_start_date', '1') }} <= {{ as_of_end() }} as is_month_over,

        cost_date,
        month_start_date
    from grouped
)

select * from final
