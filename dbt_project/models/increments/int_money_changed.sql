{%- set rows = {
    'fct_customer_lifetimes': 'buying_or_new',
    'fct_customer_value': 'valued',
    'fct_contact_costs': 'costed',
    'fct_acquisitions': 'acquired',
} -%}

with
{% if is_increment() %}
customers as (
    select id from {{ ref('int_customers_changed') }}
),

-- the first order ever: whether money was recorded then depends on it
first_order as (
    select min(cast(ordered_at as date)) as first_date
    from {{ ref('stg_order') }}
    where not is_canceled
),

first_referral as (
    select min(due_date) as first_date
    from {{ ref('fct_outcomes') }}
    where kind = 'referral'
),

buying_or_new as (
    {{ affected_customers('buying') }}
    {%- if half_year_ended_since() %}
    union distinct
    select customer_id as id
    from {{ ref('stg_customer') }}
    union distinct
    select customer_id as id
    from {{ ref('stg_order') }}
    {%- endif %}
    union distinct
    select lifetimes.customer_id as id
    from {{ table_before('fct_customer_lifetimes') }} as lifetimes
    cross join first_order
    where
        lifetimes.unvalued_order_count = 0
        and (lifetimes.customer_lifetime_value_denominator is not null)
        <> coalesce(lifetimes.since_date >= first_order.first_date, false)
),

-- an amount that moves from one pool to another, or one contact more in it: all of it changes
moved_pools as (
    {%- for first, second in [
        [ref('int_cost_pools'), ref('int_cost_pools_before')],
        [ref('int_cost_pools_before'), ref('int_cost_pools')],
    ] %}
    select
        cost_unit,
        month_start_date,
        cost_group,
        is_shared
    from (
        select * from {{ first }}
        except
        select * from {{ second }}
    ) as moved
    {%- if not loop.last %}
    union distinct
    {%- endif %}
    {%- endfor %}
),

recosted as (
    select distinct
        units.cost_unit,
        units.unit_id
    from {{ ref('int_cost_units') }} as units
    inner join moved_pools
        on
            units.cost_unit = moved_pools.cost_unit
            and units.month_start_date = moved_pools.month_start_date
            and (moved_pools.is_shared or units.cost_group = moved_pools.cost_group)
),

recosted_customers as (
    select customer_id as id
    from {{ ref('stg_interaction') }}
    where interaction_id in (select unit_id from recosted where cost_unit = 'contact')
),

costed as (
    select unit_id as id
    from recosted
    where cost_unit = 'contact'
    union distinct
    select interaction_id as id
    from {{ ref('stg_interaction') }}
    where customer_id in (select id from recosted_customers)
),

acquired as (
    select id from customers
    union distinct
    select unit_id as id
    from recosted
    where cost_unit = 'new_customer'
),

costed_months as (
    select distinct month_start_date
    from {{ ref('int_units_costed') }}
    where cost_unit = 'contact' and cost is not null
),

-- whether a month's orders, referrals and costs are recorded at all may have changed for everybody
valued as (
    {{ affected_customers('members') }}
    union distinct
    {{ affected_customers('buying') }}
    union distinct
    {{ affected_customers('contacting') }}
    union distinct
    select id from recosted_customers
    union distinct
    select customer_id as id
    from {{ ref('fct_outcomes') }}
    where kind = 'referral'
    union distinct
    select months.customer_id as id
    from {{ table_before('fct_customer_value') }} as months
    cross join first_order
    cross join first_referral
    left join costed_months on months.month_start_date = costed_months.month_start_date
    where
        months.monthly_referrer_rate_numerator > 0
        or (months.monthly_purchases_per_customer_denominator is not null)
        <> coalesce(months.month_start_date >= first_order.first_date, false)
        or (months.monthly_referrer_rate_denominator is not null)
        <> coalesce(months.month_start_date >= first_referral.first_date, false)
        or (
            months.uncosted_contact_count = 0
            and (months.monthly_cost_to_serve_denominator is not null)
            <> (costed_months.month_start_date is not null)
        )
),
{% endif %}
final as (
    {%- if is_increment() %}
    {%- for fact, changed in rows.items() %}
    select
        '{{ fact }}' as fact_name,
        id
    from {{ changed }}
    where id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as fact_name,
        cast(null as {{ t_string() }}) as id
    where 1 = 0
    {%- endif %}
)

select * from final
