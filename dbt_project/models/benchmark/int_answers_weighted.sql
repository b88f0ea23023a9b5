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
    group by response_id
),

invitations as (
    select * from {{ ref('fct_invitations') }}
),

waves as (
    select * from {{ source('declared', 'wave') }}
),

-- a benchmark that weights by nothing has no row here, and its answers keep their design weight
cell_segments as (
    select
        benchmark_id,
        {%- for segment in customer_segments() %}
        max(case when segment = '{{ segment }}' then 1 else 0 end) as is_by_{{ segment }},
        {%- endfor %}
        count(*) as segment_count
    from {{ source('declared', 'benchmark_weight') }}
    group by benchmark_id
),

invited as (
    select
        waves.benchmark_id,
        waves.wave,
        invitations.survey_id,
        invitations.invitation_id,
        {{ weighting_cell('invitations', 'cell_segments') }} as cell,
        invitations.design_weight,
        invitations.is_answered
    from invitations
    inner join waves
        on
            invitations.invited_date >= waves.starts_on
            and invitations.invited_date < waves.ends_before
    inner join cell_segments on waves.benchmark_id = cell_segments.benchmark_id
),

cells as (
    select
        benchmark_id,
        survey_id,
        wave,
        cell,
        {{ ratio('sum(design_weight)', 'sum(case when is_answered then design_weight end)') }}
            as nonresponse_weight
    from invited
    group by benchmark_id, survey_id, wave, cell
),

placed as (
    select
        waves.benchmark_id,
        answers.response_id,
        answers.survey_id,
        coalesce(invited.wave, waves.wave) as wave,
        coalesce(invited.cell, {{ weighting_cell('answers', 'cell_segments') }}) as cell
    from answers
    inner join waves
        on
            answers.responded_date >= waves.starts_on
            and answers.responded_date < waves.ends_before
    inner join cell_segments on waves.benchmark_id = cell_segments.benchmark_id
    left join invited
        on
            waves.benchmark_id = invited.benchmark_id
            and answers.survey_id = invited.survey_id
            and answers.invitation_id = invited.invitation_id
),

final as (
    select
        placed.benchmark_id,
        placed.response_id,

        coalesce(cells.nonresponse_weight, 1) as nonresponse_weight
    from placed
    left join cells
        on
            placed.benchmark_id = cells.benchmark_id
            and placed.survey_id = cells.survey_id
            and placed.wave = cells.wave
            and placed.cell = cells.cell
)

select * from final
