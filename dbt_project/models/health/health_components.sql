with

components as (
    select * from {{ source('declared', 'health_component') }}
),

reference_days as (
    select * from {{ ref('int_health_reference_days') }}
),

members as (
    select * from {{ ref('int_health_units') }}
),

events as (
    select * from {{ ref('int_health_events') }}
),

units as (
    select distinct
        health_id,
        reference,
        unit_id
    from members
),

totals as (
    select
        events.health_id,
        events.reference,
        members.unit_id,
        events.component,
        cast(count(*) as bigint) as n_events,
        sum(events.numerator) as numerator,
        sum(events.denominator) as denominator,
        max(events.event_at) as last_event_at
    from events
    inner join members
        on
            events.health_id = members.health_id
            and events.reference = members.reference
            and events.customer_id = members.customer_id
    group by events.health_id, events.reference, members.unit_id, events.component
),

aged as (
    select
        units.health_id,
        units.reference,
        units.unit_id,
        components.component,
        components.measure,
        components.window_days,
        components.max_age_days,
        components.weight,
        components.worst,
        components.best,
        cast({{ add_days('reference_days.ends_at', '-1') }} as date) as reference_date,
        coalesce(totals.n_events, 0) as n_events,
        {{ ratio('totals.numerator', 'totals.denominator') }} as metric_value,
        {{ ratio(minutes_between('totals.last_event_at', 'reference_days.ends_at'), '1440') }}
            as age_days,
        totals.last_event_at
    from units
    inner join components on units.health_id = components.health_id
    inner join reference_days
        on
            units.health_id = reference_days.health_id
            and units.reference = reference_days.reference
    left join totals
        on
            units.health_id = totals.health_id
            and units.reference = totals.reference
            and units.unit_id = totals.unit_id
            and components.component = totals.component
),

measured as (
    select
        *,
        case measure
            when 'events' then {{ to_double('n_events') }}
            when 'since_last' then {{ to_double('coalesce(age_days, window_days)') }}
            else case when age_days <= max_age_days then metric_value end
        end as measured_value
    from aged
),

placed as (
    select
        *,
        {{ ratio('measured_value - worst', 'best - worst') }} as place
    from measured
),

pointed as (
    select
        *,
        case when place <= 0 then 0.0 when place >= 1 then 100.0 else place * 100 end as points
    from placed
),

weighed as (
    select
        *,
        case when points is not null then weight end as counted_weight,
        sum(case when points is not null then weight else 0 end) over (
            partition by health_id, reference, unit_id
        ) as known_weight,
        sum(weight) over (partition by health_id, reference, unit_id) as total_weight
    from pointed
),

final as (
    select
        health_id,
        unit_id,
        reference,
        component,

        cast(n_events as bigint) as n_events,
        {{ to_double('measured_value') }} as measured_value,
        {{ to_double('points') }} as points,
        {{ to_double('weight') }} as weight,
        {{ ratio('points * counted_weight', 'known_weight') }} as contribution,
        {{ ratio('known_weight', 'total_weight') }} as known_share,

        reference_date,
        last_event_at
    from weighed
)

select * from final
