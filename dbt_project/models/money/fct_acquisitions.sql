{{ replaces_rows_of('fct_acquisitions') }}
with

customers as (
    select * from {{ ref('dim_customers') }}
    {{ only_changed_rows_of('fct_acquisitions') }}
),

costed as (
    select * from {{ ref('int_units_costed') }}
    where cost_unit = 'new_customer'
),

joined as (
    select
        customer_id,
        joined_at
    from customers
    where valid_to is null and joined_at < {{ as_of_end() }}
),

final as (
    select
        joined.customer_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        costed.cost,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair('customer_acquisition_cost', 'costed.cost is not null', 'costed.cost') }},

        cast(joined.joined_at as date) as joined_date,

        joined.joined_at
    from joined
    left join costed on joined.customer_id = costed.unit_id
    left join customers
        on {{ holds_at('customers', 'joined.customer_id', 'joined.joined_at') }}
)

select * from final
