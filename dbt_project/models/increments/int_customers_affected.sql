with
{% if is_increment() %}
customers as (
    select id from {{ ref('int_customers_changed') }}
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

members as (
    select id from customers
    {%- if month_ended_since() %}
    union distinct
    select customer_id as id
    from {{ ref('stg_customer') }}
    {%- endif %}
),
{% endif %}
final as (
    {%- if is_increment() %}
    {%- for way in ['contacting', 'buying', 'members'] %}
    select
        '{{ way }}' as way,
        id
    from {{ way }}
    where id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as way,
        cast(null as {{ t_string() }}) as id
    where 1 = 0
    {%- endif %}
)

select * from final
