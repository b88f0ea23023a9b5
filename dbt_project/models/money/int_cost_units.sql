with

interactions as (
    select * from {{ ref('stg_interaction') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

joined as (
    select
        customer_id,
        joined_at
    from customers
    where valid_to is null and joined_at < {{ as_of_end() }}
),

units as (
    select
        'contact' as cost_unit,
        interaction_id as unit_id,
        team as cost_group,
        {{ month_of('opened_at') }} as month_start_date
    from interactions
    union all
    select
        'new_customer' as cost_unit,
        joined.customer_id as unit_id,
        customers.acquisition_channel as cost_group,
        {{ month_of('joined.joined_at') }} as month_start_date
    from joined
    left join customers
        on {{ holds_at('customers', 'joined.customer_id', 'joined.joined_at') }}
),

final as (
    select
        cost_unit,
        unit_id,

        coalesce(cost_group, '') as cost_group,

        month_start_date
    from units
    where {{ add_months('month_start_date', '1') }} <= {{ as_of_end() }}
)

select * from final
