with

answers as (
    select * from {{ ref('stg_employee_feedback') }}
),

oriented as (
    select
        *,
        {{ oriented_score('score', 'scale_min', 'scale_max', 'is_high_good') }} as oriented_score
    from answers
),

final as (
    select
        response_id,
        question_id,
        employee_id,
        cast(null as {{ t_string() }}) as customer_id,

        kind,
        team,
        {%- for segment in customer_segments() %}
        'unknown' as {{ segment }},
        {%- endfor %}
        {{ event_segment_columns({'business_unit': 'team'}) }}

        oriented_score,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'employee_nps',
            "kind = 'nps' and oriented_score is not null and "
            ~ is_nps_scale('scale_min', 'scale_max'),
            nps_points('oriented_score'),
        ) }},
        {{ metric_pair(
            'employee_rating_mean',
            "kind = 'rating' and oriented_score is not null",
            csat_score('oriented_score', 'scale_min', 'scale_max'),
        ) }},

        cast(responded_at as date) as responded_date,

        responded_at
    from oriented
)

select * from final
