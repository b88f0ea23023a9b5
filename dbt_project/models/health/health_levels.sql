with

scores as (
    select * from {{ ref('health_scores') }}
),

final as (
    select
        health_id,
        coalesce(level, 'unknown') as level,
        coalesce(previous_level, 'unknown') as previous_level,

        cast(count(*) as bigint) as n_units,
        {{ to_double('avg(score)') }} as mean_score,
        {{ to_double('avg(movement)') }} as mean_movement
    from scores
    group by health_id, coalesce(level, 'unknown'), coalesce(previous_level, 'unknown')
)

select * from final
