{{ replace_where("response_id in ({{ changed_rows('fct_survey_responses') }})") }}
with

answers as (
    select
        response_id,
        min(survey_id) as survey_id,
        min(invitation_id) as invitation_id,
        {%- for segment in customer_segments() %}
        min({{ segment }}) as {{ segment }},
        {%- endfor %}
        min(responded_date) as responded_date
    from {{ ref('fct_survey_responses') }}
    {{ only_changed_rows_of('fct_survey_responses') }}
    group by response_id
),

invitations as (
    select * from {{ ref('fct_invitations') }}
),

waves as (
    select * from {{ source('declared', 'wave') }}
),

cell_segments as (
    {{ cell_segments() }}
),

placed as (
    select
        waves.benchmark_id,
        answers.response_id,
        answers.survey_id,
        answers.invitation_id,
        waves.wave,
        {{ weighting_cell('answers', 'cell_segments') }} as cell
    from answers
    inner join waves
        on
            answers.responded_date >= waves.starts_on
            and answers.responded_date < waves.ends_before
    inner join cell_segments on waves.benchmark_id = cell_segments.benchmark_id
),

invited as (
    select
        placed.benchmark_id,
        placed.response_id,
        waves.wave,
        {{ weighting_cell('invitations', 'cell_segments') }} as cell
    from placed
    inner join invitations
        on
            placed.invitation_id = invitations.invitation_id
            and placed.survey_id = invitations.survey_id
    inner join waves
        on
            placed.benchmark_id = waves.benchmark_id
            and invitations.invited_date >= waves.starts_on
            and invitations.invited_date < waves.ends_before
    inner join cell_segments on placed.benchmark_id = cell_segments.benchmark_id
),

final as (
    select
        placed.benchmark_id,
        placed.response_id,
        placed.survey_id,

        coalesce(invited.wave, placed.wave) as wave,
        coalesce(invited.cell, placed.cell) as cell
    from placed
    left join invited
        on
            placed.benchmark_id = invited.benchmark_id
            and placed.response_id = invited.response_id
)

select * from final
