{{ replaces_rows_of('fct_customer_lifetimes') }}
with

customers as (
    select * from {{ ref('dim_customers') }}
    {{ only_changed_rows_of('fct_customer_lifetimes') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_canceled
    {{ only_changed_rows_of('fct_customer_lifetimes', word='and') }}
),

half_years as (
    select * from {{ ref('int_half_years') }}
),

recorded as (
    select min(ordered_date) as first_ordered_date
    from {{ ref('fct_orders') }}
    where not is_canceled
),

starts as (
    select
        customer_id,
        cast(joined_at as date) as since_date
    from customers
    where valid_to is null and joined_at < {{ as_of_end() }}
    union all
    select
        customer_id,
        ordered_date as since_date
    from orders
    where customer_id is not null
),

members as (
    select
        customer_id,
        min(since_date) as since_date
    from starts
    group by customer_id
),

bought as (
    select
        customer_id,
        {{ half_year_of('ordered_date') }} as half_year_start_date,
        sum(revenue) as revenue,
        {{ sum_bigint(one_if('is_unvalued')) }} as unvalued_order_count
    from orders
    where customer_id is not null
    group by customer_id, {{ half_year_of('ordered_date') }}
),

lifetimes as (
    select
        members.customer_id,
        members.since_date,
        half_years.half_year_start_date,
        half_years.next_half_year_date,
        sum(coalesce(bought.revenue, 0)) over (
            partition by members.customer_id order by half_years.half_year_start_date
            rows between unbounded preceding and current row
        ) as revenue_to_date,
        sum(coalesce(bought.unvalued_order_count, 0)) over (
            partition by members.customer_id order by half_years.half_year_start_date
            rows between unbounded preceding and current row
        ) as unvalued_order_count
    from members
    inner join half_years on members.since_date < half_years.next_half_year_date
    left join bought
        on
            members.customer_id = bought.customer_id
            and half_years.half_year_start_date = bought.half_year_start_date
),

final as (
    select
        lifetimes.customer_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        {{ to_double('lifetimes.revenue_to_date') }} as revenue_to_date,
        cast(lifetimes.unvalued_order_count as bigint) as unvalued_order_count,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'customer_lifetime_value',
            'lifetimes.since_date >= recorded.first_ordered_date '
            ~ 'and lifetimes.unvalued_order_count = 0',
            'lifetimes.revenue_to_date',
        ) }},

        lifetimes.since_date,
        lifetimes.half_year_start_date,
        lifetimes.next_half_year_date
    from lifetimes
    cross join recorded
    left join customers
        on
            lifetimes.customer_id = customers.customer_id
            and lifetimes.next_half_year_date > customers.valid_from
            and (
                customers.valid_to is null
                or lifetimes.next_half_year_date <= customers.valid_to
            )
)

select * from final
