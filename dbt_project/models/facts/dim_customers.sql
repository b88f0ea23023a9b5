{{ replace_where("customer_id in (select id from {{ ref('int_customers_changed') }})") }}
with

customers as (
    select
        *,
        lead(valid_from) over (partition by customer_id order by valid_from) as valid_to
    from {{ ref('stg_customer') }}
    {%- if is_increment() %}
    where customer_id in (select id from {{ ref('int_customers_changed') }})
    {%- endif %}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

-- a customer's range is cut where its account changes within it
ranges as (
    select
        customers.*,
        customers.valid_from as range_from
    from customers
    union all
    select
        customers.*,
        accounts.valid_from as range_from
    from customers
    inner join accounts
        on
            customers.account_id = accounts.account_id
            and customers.valid_from < accounts.valid_from
            and (customers.valid_to is null or customers.valid_to > accounts.valid_from)
),

final as (
    select
        ranges.customer_id,
        ranges.account_id,

        {%- for segment in customer_segments() %}
        {%- if segment in account_segments() %}
        coalesce(ranges.{{ segment }}, accounts.{{ segment }}, 'unknown') as {{ segment }},
        {%- else %}
        coalesce(ranges.{{ segment }}, 'unknown') as {{ segment }},
        {%- endif %}
        {%- endfor %}

        ranges.range_from as valid_from,
        lead(ranges.range_from) over (
            partition by ranges.customer_id order by ranges.range_from
        ) as valid_to,
        first_value(ranges.joined_at) over (
            partition by ranges.customer_id order by ranges.range_from desc nulls last
        ) as joined_at,
        first_value(ranges.churned_at) over (
            partition by ranges.customer_id order by ranges.range_from desc nulls last
        ) as churned_at
    from ranges
    left join accounts
        on
            ranges.account_id = accounts.account_id
            and ranges.range_from >= accounts.valid_from
            and (accounts.valid_to is null or ranges.range_from < accounts.valid_to)
)

select * from final
