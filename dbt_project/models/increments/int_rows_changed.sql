{%- set same_rows = {
    'fct_survey_responses': 'answers',
    'fct_survey_eligibilities': 'invitations',
    'fct_invitations': 'invitations',
    'fct_interactions': 'interactions',
    'fct_orders': 'orders',
    'fct_usage': 'users',
    'fct_customer_months': 'members',
    'fct_customer_lifetimes': 'buying_or_new',
    'fct_customer_value': 'valued',
    'fct_contact_costs': 'costed',
    'fct_acquisitions': 'acquired',
} -%}

with
{% if is_increment() %}
-- whose segments may have changed, and with them every row of theirs
customers as (
    select id from {{ ref('int_customers_changed') }}
),

-- an invitation before a survey's first recorded delivery or opening does not count in its rate: where
-- that first one may have moved, all of the survey's invitations are made anew
recorded as (
    select
        survey_id,
        max(deliveries_from) as deliveries_from,
        max(openings_from) as openings_from
    from (
        select
            coalesce(survey_id, '') as survey_id,
            min(case when delivered_at is not null then invited_at end) as deliveries_from,
            min(case when opened_at is not null then invited_at end) as openings_from
        from {{ ref('stg_invitation') }}
        group by source, coalesce(survey_id, '')
    ) as of_sources
    group by survey_id
),

moved as (
    select
        coalesce(survey_id, '') as survey_id,
        invited_at,
        false as had_deliveries,
        false as had_openings
    from {{ ref('stg_invitation') }}
    where invitation_id in ({{ changed_ids('invitation') }})
    union all
    select
        coalesce(survey_id, '') as survey_id,
        invited_at,
        survey_delivery_rate_denominator is not null as had_deliveries,
        survey_open_rate_denominator is not null as had_openings
    from {{ table_before('fct_invitations') }}
    where invitation_id in ({{ changed_ids('invitation') }})
),

surveys as (
    select distinct moved.survey_id
    from moved
    left join recorded on moved.survey_id = recorded.survey_id
    where
        moved.invited_at <= recorded.deliveries_from
        or moved.invited_at <= recorded.openings_from
        or (recorded.deliveries_from is null and moved.had_deliveries)
        or (recorded.openings_from is null and moved.had_openings)
),

invitations as (
    {{ changed_ids('invitation') }}
    union distinct
    select invitation_id as id
    from {{ ref('stg_feedback') }}
    where invitation_id is not null and response_id in ({{ changed_ids('feedback') }})
    union distinct
    select invitation_id as id
    from {{ table_before('fct_survey_responses') }}
    where invitation_id is not null and response_id in ({{ changed_ids('feedback') }})
    union distinct
    select invitation_id as id
    from {{ ref('stg_invitation') }}
    where order_id in ({{ changed_ids('order') }})
    union distinct
    select invitation_id as id
    from {{ ref('stg_invitation') }}
    where customer_id in (select id from customers)
    union distinct
    select invitation_id as id
    from {{ ref('stg_invitation') }}
    where coalesce(survey_id, '') in (select survey_id from surveys)
),

-- an answer has the weight of its invitation's cell, which may be another customer's
answers as (
    {{ changed_ids('feedback') }}
    union distinct
    select response_id as id
    from {{ ref('stg_feedback') }}
    where invitation_id in (select id from invitations)
    {%- for column, record in {'order_id': 'order', 'interaction_id': 'interaction'}.items() %}
    union distinct
    select response_id as id
    from {{ ref('stg_feedback') }}
    where {{ column }} in ({{ changed_ids(record) }})
    {%- endfor %}
    union distinct
    select response_id as id
    from {{ table_before('fct_survey_responses') }}
    where customer_id in (select id from customers)
),

-- a contact is followed by the next one of the same customer, and the clock of an open one runs on
changed_contacts as (
    {{ changed_ids('interaction') }}
    union distinct
    {{ changed_ids('interaction_event') }}
    union distinct
    {{ changed_ids('interaction_turn') }}
),

contacting as (
    select id from customers
    union distinct
    select customer_id as id
    from {{ ref('stg_interaction') }}
    where interaction_id in (select id from changed_contacts)
    union distinct
    select customer_id as id
    from {{ table_before('fct_interactions') }}
    where
        interaction_id in (select id from changed_contacts)
        or resolved_at is null
        or {{ closed_since(add_days('resolved_at', repeat_contact_days())) }}
),

interactions as (
    select id from changed_contacts
    union distinct
    select interaction_id as id
    from {{ table_before('fct_interactions') }}
    where resolved_at is null
    union distinct
    select interaction_id as id
    from {{ ref('stg_interaction') }}
    where customer_id in (select id from contacting)
),

-- a purchase is followed by the next one of the same customer
buying as (
    select id from customers
    union distinct
    select customer_id as id
    from {{ ref('stg_order') }}
    where
        order_id in ({{ changed_ids('order') }})
        or {{ closed_since(add_days('ordered_at', repeat_purchase_days())) }}
    union distinct
    select customer_id as id
    from {{ table_before('fct_orders') }}
    where order_id in ({{ changed_ids('order') }})
),

orders as (
    {{ changed_ids('order') }}
    union distinct
    select order_id as id
    from {{ ref('stg_order') }}
    where account_id in ({{ changed_ids('account') }})
    union distinct
    select order_id as id
    from {{ ref('stg_order') }}
    where customer_id in (select id from buying)
),

users as (
    {{ changed_ids('usage') }}
    union distinct
    select id from customers
    {%- if month_ended_since() %}
    union distinct
    select customer_id as id
    from {{ ref('stg_usage') }}
    where {{ closed_since(add_months(month_of('usage_date'), '1')) }}
    {%- endif %}
),

members as (
    select id from customers
    {%- if month_ended_since() %}
    union distinct
    select customer_id as id
    from {{ ref('stg_customer') }}
    {%- endif %}
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
    select id from buying
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
    select id from interactions
    union distinct
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
    select id from members
    union distinct
    select id from buying
    union distinct
    select id from contacting
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
-- with the unit that each row has had so far; a new row has none
final as (
    {%- if is_increment() %}
    {%- for fact in changing_facts() %}
    {%- if facts()[fact].id == 'customer_id' %}
    select
        '{{ fact }}' as fact_name,
        id,
        id as unit_before
    from {{ same_rows[fact] }}
    where id is not null
    {%- else %}
    select distinct
        '{{ fact }}' as fact_name,
        changed.id,
        before.unit_before
    from {{ same_rows[fact] }} as changed
    left join (
        select
            {{ facts()[fact].id }} as id,
            {{ unit_of_event(fact) }} as unit_before
        from {{ table_before(fact) }}
    ) as before on changed.id = before.id
    where changed.id is not null
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as fact_name,
        cast(null as {{ t_string() }}) as id,
        cast(null as {{ t_string() }}) as unit_before
    where 1 = 0
    {%- endif %}
)

select * from final
