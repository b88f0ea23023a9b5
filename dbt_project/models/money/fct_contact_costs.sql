{{ replaces_rows_of('fct_contact_costs') }}
with

interactions as (
    select * from {{ ref('int_interactions_resolved') }}
    {{ only_changed_rows_of('fct_contact_costs') }}
),

costed as (
    select * from {{ ref('int_units_costed') }}
    where cost_unit = 'contact'
),

customers as (
    select * from {{ ref('dim_customers') }}
),

timeline as (
    select
        customer_id,
        interaction_id,
        opened_at as happened_at,
        null as resolved_at,
        0 as is_resolution
    from interactions
    where customer_id is not null
    union all
    select
        customer_id,
        interaction_id,
        resolved_at as happened_at,
        resolved_at,
        1 as is_resolution
    from interactions
    where customer_id is not null and resolved_at is not null
),

-- a contact opened in the very instant of a resolution is not a consequence of it: it sorts first
previous as (
    select
        interaction_id,
        is_resolution,
        max(resolved_at) over (
            partition by customer_id
            order by happened_at, is_resolution, interaction_id
            rows between unbounded preceding and 1 preceding
        ) as previous_resolved_at
    from timeline
),

preceded as (
    select
        interactions.*,
        costed.cost,
        costed.month_start_date,
        coalesce(
            interactions.opened_at
            < {{ add_days('previous.previous_resolved_at', repeat_contact_days()) }},
            false
        ) as is_repeat
    from interactions
    left join costed on interactions.interaction_id = costed.unit_id
    left join previous
        on
            interactions.interaction_id = previous.interaction_id
            and previous.is_resolution = 0
),

final as (
    select
        preceded.interaction_id,
        preceded.customer_id,

        preceded.team,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'preceded.channel',
            'touchpoint': 'preceded.touchpoint',
            'business_unit': 'preceded.team',
        }) }}

        preceded.cost,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair('cost_per_contact', 'preceded.cost is not null', 'preceded.cost') }},
        {{ metric_pair(
            'repeat_contact_cost',
            'preceded.cost is not null and preceded.customer_id is not null',
            'case when preceded.is_repeat then preceded.cost else 0 end',
        ) }},

        preceded.is_repeat,

        cast(preceded.opened_at as date) as opened_date,
        {{ month_of('preceded.opened_at') }} as month_start_date,

        preceded.opened_at
    from preceded
    left join customers
        on {{ holds_at('customers', 'preceded.customer_id', 'preceded.opened_at') }}
)

select * from final
