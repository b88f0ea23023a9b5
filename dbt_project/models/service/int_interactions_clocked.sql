{{ replaces_rows_of('fct_interactions') }}
with

interactions as (
    select * from {{ ref('int_interactions_resolved') }}
    {{ only_changed_rows_of('fct_interactions') }}
),

calendar_choices as (
    select * from {{ source('declared', 'calendar_choice') }}
),

segments as (
    select * from {{ ref('dim_calendar_segments') }}
),

company_choices as (
    select min(calendar_id) as calendar_id
    from calendar_choices
    where scope = 'company'
),

-- a clock that has not stopped is read at the end of the as-of day
stopped as (
    select
        interactions.interaction_id,
        interactions.opened_at,
        interactions.first_replied_at,
        interactions.resolved_at,
        coalesce(
            teams.calendar_id, sources.calendar_id, company_choices.calendar_id
        ) as calendar_id,
        coalesce(
            interactions.first_replied_at, interactions.first_resolved_at, {{ as_of_end() }}
        ) as reply_clock_stops_at,
        coalesce(interactions.resolved_at, {{ as_of_end() }}) as resolution_clock_stops_at
    from interactions
    left join calendar_choices as teams
        on teams.scope = 'team' and interactions.team = teams.name
    left join calendar_choices as sources
        on sources.scope = 'source' and interactions.source = sources.name
    cross join company_choices
),

final as (
    select
        stopped.interaction_id,
        stopped.calendar_id,

        {{ minutes_between('stopped.opened_at', 'stopped.reply_clock_stops_at') }}
            as reply_calendar_minutes,
        {{ open_minutes_between(
            'opening', 'stopped.opened_at', 'reply', 'stopped.reply_clock_stops_at'
        ) }} as reply_business_minutes,
        {{ minutes_between('stopped.opened_at', 'stopped.resolution_clock_stops_at') }}
            as resolution_calendar_minutes,
        {{ open_minutes_between(
            'opening', 'stopped.opened_at', 'resolution', 'stopped.resolution_clock_stops_at'
        ) }} as resolution_business_minutes,

        stopped.first_replied_at is not null as is_replied,
        stopped.resolved_at is not null as is_resolved
    from stopped
    left join segments as opening
        on {{ is_read_at('opening', 'stopped.calendar_id', 'stopped.opened_at') }}
    left join segments as reply
        on {{ is_read_at('reply', 'stopped.calendar_id', 'stopped.reply_clock_stops_at') }}
    left join segments as resolution
        on {{ is_read_at(
            'resolution', 'stopped.calendar_id', 'stopped.resolution_clock_stops_at'
        ) }}
)

select * from final
