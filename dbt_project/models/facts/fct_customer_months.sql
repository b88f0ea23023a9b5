{{ replaces_rows_of('fct_customer_months') }}
with

customers as (
    select * from {{ ref('dim_customers') }}
    {{ only_changed_rows_of('fct_customer_months') }}
),

lifetimes as (
    select
        customer_id,
        joined_at,
        churned_at
    from customers
    where valid_to is null
),

digits as (
    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

numbers as (
    select hundreds.digit * 100 + tens.digit * 10 + units.digit as number
    from digits as units
    cross join digits as tens
    cross join digits as hundreds
),

-- months that are over by the as-of day, back to the first customer, at most 83 years
months as (
    select
        {{ add_months(month_of(as_of_end()), '-number - 1') }} as month_start_date,
        {{ add_months(month_of(as_of_end()), '-number') }} as next_month_date
    from numbers
),

active as (
    select
        lifetimes.customer_id,
        lifetimes.churned_at,
        months.month_start_date,
        months.next_month_date
    from lifetimes
    inner join months
        on
            lifetimes.joined_at <= months.month_start_date
            and (
                lifetimes.churned_at is null
                or lifetimes.churned_at >= months.month_start_date
            )
),

final as (
    select
        active.customer_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'monthly_churn_rate', 'true', one_if('active.churned_at < active.next_month_date')
        ) }},

        active.month_start_date,
        active.next_month_date
    from active
    left join customers
        on {{ holds_at('customers', 'active.customer_id', 'active.month_start_date') }}
)

select * from final
