with

costs as (
    select * from {{ ref('int_costs_valued') }}
),

pools as (
    select * from {{ ref('int_cost_pools') }}
),

final as (
    select
        costs.cost_id,

        costs.kind,
        costs.team,
        costs.currency,
        costs.cost_unit,
        case
            when costs.cost_unit is null then 'no_rule'
            when costs.cost is null then 'unvalued'
            when costs.cost_group = '' and not costs.is_shared then 'no_group'
            when not costs.is_month_over then 'month_lasts'
            when pools.unvalued_cost_count > 0 then 'pool_unvalued'
            when pools.unit_count = 0 then 'no_units'
            else 'allocated'
        end as allocation_state,
        {%- for segment in customer_segments() if segment != 'acquisition_channel' %}
        'unknown' as {{ segment }},
        {%- endfor %}
        coalesce(costs.acquisition_channel, 'unknown') as acquisition_channel,
        {{ event_segment_columns({'business_unit': 'costs.team'}) }}

        costs.amount,
        costs.cost,

        costs.cost_date,
        costs.month_start_date
    from costs
    left join pools
        on
            costs.cost_unit = pools.cost_unit
            and costs.month_start_date = pools.month_start_date
            and costs.cost_group = pools.cost_group
            and costs.is_shared = pools.is_shared
)

select * from final
