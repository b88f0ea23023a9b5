{%- set same_rows = {
    'fct_survey_responses': 'answers',
    'fct_survey_eligibilities': 'invitations',
    'fct_invitations': 'invitations',
    'fct_interactions': 'interactions',
    'fct_orders': 'orders',
    'fct_usage': 'users',
    'fct_customer_months': 'members',
    'fct_customer_lifetimes': 'lifetimes',
    'fct_customer_value': 'customer_value',
    'fct_contact_costs': 'contact_costs',
    'fct_acquisitions': 'acquisitions',
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

interactions as (
    select id from changed_contacts
    union distinct
    select interaction_id as id
    from {{ table_before('fct_interactions') }}
    where resolved_at is null
    union distinct
    select interaction_id as id
    from {{ ref('stg_interaction') }}
    where customer_id in ({{ affected_customers('contacting') }})
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
    where customer_id in ({{ affected_customers('buying') }})
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
    {{ affected_customers('members') }}
),

contact_costs as (
    select id from interactions
    union distinct
    {{ changed_money('fct_contact_costs') }}
),

lifetimes as (
    {{ changed_money('fct_customer_lifetimes') }}
),

customer_value as (
    {{ changed_money('fct_customer_value') }}
),

acquisitions as (
    {{ changed_money('fct_acquisitions') }}
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
