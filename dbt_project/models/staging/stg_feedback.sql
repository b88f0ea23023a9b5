{{ replaces_ids_of('feedback') }}
with

newest as (
    {{ newest_version('feedback', ['response_id', 'question_id']) }}
),

renamed as (
    select
        response_id,
        question_id,
        survey_id,
        customer_id,
        account_id,
        invitation_id,
        interaction_id,
        order_id,
        source,

        kind,
        comment,
        language,
        channel,
        touchpoint,
        journey_stage,
        business_unit,

        scale_min,
        scale_max,
        score,
        design_weight,

        is_high_good,
        is_relational,

        {{ instant('responded_at') }} as responded_at
    from newest
),

final as (
    select * from renamed
    where responded_at < {{ as_of_end() }}
)

select * from final
