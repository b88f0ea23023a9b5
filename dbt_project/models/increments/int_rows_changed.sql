{%- set same_rows = {
    'fct_survey_responses': 'answers',
    'fct_survey_eligibilities': 'invitations',
    'fct_invitations': 'invitations',
    'fct_interactions': 'interactions',
    'fct_orders': 'orders',
    'fct_usage': 'users',
    'fct_customer_months': 'members',
} -%}

with
{% if is_increment() %}
-- whose segments may have changed, and with them every row of theirs
customers as (
    {{ changed_ids('customer') }}
    union distinct
    select customer_id as id
    from {{ ref('stg_customer') }}
    where account_id in ({{ changed_ids('account') }})
),

answers as (
    {{ changed_ids('feedback') }}
    {%- for column, record in {
        'invitation_id': 'invitation',
        'order_id': 'order',
        'interaction_id': 'interaction',
    }.items() %}
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
{% endif %}
-- with the customer and the day that each row has had so far; a new row has none
final as (
    {%- if is_increment() %}
    {%- for fact in changing_facts() %}
    select
        '{{ fact }}' as fact_name,
        changed.id,
        before.customer_id,
        before.{{ facts()[fact].date }} as event_date
    from {{ same_rows[fact] }} as changed
    left join {{ table_before(fact) }} as before on changed.id = before.{{ facts()[fact].id }}
    where changed.id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as fact_name,
        cast(null as {{ t_string() }}) as id,
        cast(null as {{ t_string() }}) as customer_id,
        cast(null as date) as event_date
    where 1 = 0
    {%- endif %}
)

select * from final
