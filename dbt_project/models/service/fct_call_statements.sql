with

statements as (
    select * from {{ ref('stg_interaction_statement') }}
),

interactions as (
    select * from {{ ref('stg_interaction') }}
),

answered as (
    select * from {{ ref('int_calls_answered') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        statements.interaction_id,
        statements.statement_id,
        interactions.customer_id,

        interactions.team,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'interactions.channel',
            'touchpoint': 'interactions.touchpoint',
        }) }}

        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'required_statement_rate',
            'statements.is_said is not null and not coalesce(answered.is_abandoned, false)',
            one_if('statements.is_said'),
        ) }},

        cast(statements.checked_at as date) as checked_date,

        statements.checked_at
    from statements
    left join interactions on statements.interaction_id = interactions.interaction_id
    left join answered on statements.interaction_id = answered.interaction_id
    left join customers
        on {{ holds_at('customers', 'interactions.customer_id', 'statements.checked_at') }}
)

select * from final
