with

newest as (
    {{ newest_version('employee_feedback', ['response_id', 'question_id']) }}
),

renamed as (
    select
        response_id,
        question_id,
        employee_id,
        source,

        kind,
        nullif(team, '') as team,
        comment,

        scale_min,
        scale_max,
        score,

        is_high_good,

        {{ instant('responded_at') }} as responded_at
    from newest
),

final as (
    select * from renamed
    where responded_at < {{ as_of_end() }}
)

select * from final
