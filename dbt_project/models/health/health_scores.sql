with

health as (
    select * from {{ source('declared', 'health') }}
),

caps as (
    select * from {{ source('declared', 'health_cap') }}
),

levels as (
    select * from {{ source('declared', 'health_level') }}
),

components as (
    select * from {{ ref('health_components') }}
),

uncapped as (
    select
        health_id,
        unit_id,
        reference,
        max(reference_date) as reference_date,
        max(known_share) as known_share,
        sum(contribution) as uncapped_score
    from components
    group by health_id, unit_id, reference
),

-- of the caps that apply the lowest binds; of equal ones the first declared
binding_caps as (
    select
        components.health_id,
        components.unit_id,
        components.reference,
        caps.cap,
        caps.score_at_most,
        row_number() over (
            partition by components.health_id, components.unit_id, components.reference
            order by caps.score_at_most, caps.cap
        ) as place
    from components
    inner join caps
        on
            components.health_id = caps.health_id
            and components.component = caps.component
            and components.points < caps.below
),

capped as (
    select
        uncapped.health_id,
        uncapped.unit_id,
        uncapped.reference,
        uncapped.reference_date,
        uncapped.known_share,
        uncapped.uncapped_score,
        coalesce(uncapped.known_share >= health.least_known, false) as is_known,
        case
            when binding_caps.score_at_most < uncapped.uncapped_score then binding_caps.cap
        end as cap,
        case
            when binding_caps.score_at_most < uncapped.uncapped_score
                then binding_caps.score_at_most
            else uncapped.uncapped_score
        end as bounded_score
    from uncapped
    inner join health on uncapped.health_id = health.health_id
    left join binding_caps
        on
            uncapped.health_id = binding_caps.health_id
            and uncapped.unit_id = binding_caps.unit_id
            and uncapped.reference = binding_caps.reference
            and binding_caps.place = 1
),

scored as (
    select
        *,
        case when is_known then bounded_score end as score
    from capped
),

levelled as (
    select
        scored.*,
        levels.level
    from scored
    left join levels
        on
            scored.health_id = levels.health_id
            and scored.score >= levels.score_from
            and (levels.score_below is null or scored.score < levels.score_below)
),

final as (
    select
        present.health_id,
        present.unit_id,
        health.unit,
        present.level,
        past.level as previous_level,
        case when present.is_known then present.cap end as cap,
        case when not present.is_known then 'too_little_known' end as missing_reason,

        {{ to_double('present.score') }} as score,
        {{ to_double('past.score') }} as previous_score,
        {{ to_double('present.score - past.score') }} as movement,
        {{ to_double('case when present.is_known then present.uncapped_score end') }}
            as uncapped_score,
        {{ to_double('present.known_share') }} as known_share,

        present.reference_date as as_of_date,
        past.reference_date as previous_date
    from levelled as present
    inner join health on present.health_id = health.health_id
    left join levelled as past
        on
            present.health_id = past.health_id
            and present.unit_id = past.unit_id
            and past.reference = 'before'
    where present.reference = 'now'
)

select * from final
