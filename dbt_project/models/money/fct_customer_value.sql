{{ replaces_rows_of('fct_customer_value') }}
with

customer_months as (
    select * from {{ ref('fct_customer_months') }}
    {{ only_changed_rows_of('fct_customer_value') }}
),

orders as (
    select
        *,
        {{ month_of('ordered_at') }} as month_start_date
    from {{ ref('fct_orders') }}
    where not is_canceled
    {{ only_changed_rows_of('fct_customer_value', word='and') }}
),

referrals as (
    select
        *,
        {{ month_of('due_at') }} as month_start_date
    from {{ ref('fct_outcomes') }}
    where kind = 'referral'
    {{ only_changed_rows_of('fct_customer_value', word='and') }}
),

contacts as (
    select * from {{ ref('fct_contact_costs') }}
    {{ only_changed_rows_of('fct_customer_value') }}
),

first_order as (
    select min(ordered_date) as first_date
    from {{ ref('fct_orders') }}
    where not is_canceled
),

first_referral as (
    select min(due_date) as first_date
    from {{ ref('fct_outcomes') }}
    where kind = 'referral'
),

-- a month in which no contact has a cost says nothing about those who made none
costed_months as (
    select distinct month_start_date
    from {{ ref('fct_contact_costs') }}
    where cost is not null
),

ordered as (
    select
        customer_id,
        month_start_date,
        sum(revenue) as revenue,
        {{ sum_bigint(one_if("kind = 'purchase'")) }} as purchase_count,
        {{ sum_bigint(one_if('is_unvalued')) }} as unvalued_order_count
    from orders
    where customer_id is not null
    group by customer_id, month_start_date
),

referred as (
    select
        customer_id,
        month_start_date,
        count(*) as referral_count
    from referrals
    where customer_id is not null and is_achieved
    group by customer_id, month_start_date
),

served as (
    select
        customer_id,
        month_start_date,
        sum(cost) as cost,
        {{ sum_bigint(one_if('cost is null')) }} as uncosted_contact_count
    from contacts
    where customer_id is not null
    group by customer_id, month_start_date
),

measured as (
    select
        customer_months.*,
        coalesce(ordered.revenue, 0) as revenue,
        coalesce(ordered.purchase_count, 0) as purchase_count,
        coalesce(ordered.unvalued_order_count, 0) as unvalued_order_count,
        coalesce(served.cost, 0) as cost,
        coalesce(served.uncosted_contact_count, 0) as uncosted_contact_count,
        coalesce(referred.referral_count, 0) > 0 as has_referred,
        costed_months.month_start_date is not null as is_costed_month,
        coalesce(
            customer_months.month_start_date >= first_order.first_date, false
        ) as are_orders_recorded,
        coalesce(
            customer_months.month_start_date >= first_referral.first_date, false
        ) as are_referrals_recorded
    from customer_months
    cross join first_order
    cross join first_referral
    left join costed_months
        on customer_months.month_start_date = costed_months.month_start_date
    left join ordered
        on
            customer_months.customer_id = ordered.customer_id
            and customer_months.month_start_date = ordered.month_start_date
    left join referred
        on
            customer_months.customer_id = referred.customer_id
            and customer_months.month_start_date = referred.month_start_date
    left join served
        on
            customer_months.customer_id = served.customer_id
            and customer_months.month_start_date = served.month_start_date
),

final as (
    select
        customer_id,

        {%- for segment in segments() %}
        {{ segment }},
        {%- endfor %}

        design_weight,
        {{ metric_pair(
            'monthly_revenue_per_customer',
            'are_orders_recorded and unvalued_order_count = 0',
            'revenue',
        ) }},
        {{ metric_pair(
            'monthly_purchases_per_customer', 'are_orders_recorded', 'purchase_count'
        ) }},
        {{ metric_pair(
            'monthly_referrer_rate', 'are_referrals_recorded', one_if('has_referred')
        ) }},
        {{ metric_pair(
            'monthly_cost_to_serve', 'is_costed_month and uncosted_contact_count = 0', 'cost'
        ) }},

        unvalued_order_count,
        uncosted_contact_count,

        month_start_date,
        next_month_date
    from measured
)

select * from final
