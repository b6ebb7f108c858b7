import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('players', '0016_callers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Complaint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(choices=[('payments', 'Payments'), ('games', 'Games'), ('bonuses', 'Bonuses'), ('verification', 'Verification'), ('responsible_gambling', 'Responsible gambling'), ('privacy', 'Privacy'), ('service', 'Service'), ('other', 'Something else')], max_length=24)),
                ('channel', models.CharField(choices=[('website', 'Website'), ('email', 'E-mail'), ('chat', 'Chat'), ('phone', 'Phone'), ('post', 'Letter')], max_length=8)),
                ('text_cipher', models.TextField(help_text="The player's own words, encrypted: they may say anything about anybody.")),
                ('payment', models.CharField(blank=True, help_text='The deposit or withdrawal that it is about, such as WD-481.', max_length=24)),
                ('external_id', models.CharField(blank=True, help_text="The front end's own id.", max_length=80)),
                ('state', models.CharField(choices=[('received', 'Received'), ('acknowledged', 'Acknowledged'), ('escalated', 'Escalated'), ('answered', 'Answered'), ('withdrawn', 'Withdrawn')], default='received', max_length=12)),
                ('version', models.IntegerField(default=1)),
                ('received_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(help_text='When the next step is due: the acknowledgement, then the answer.')),
                ('answer_due_at', models.DateTimeField()),
                ('kept_until', models.DateField(help_text='Not before this day may it be removed by law.')),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('', '–'), ('upheld', 'Upheld'), ('partly_upheld', 'Partly upheld'), ('not_upheld', 'Not upheld')], max_length=16)),
                ('reason', models.CharField(blank=True, help_text='Why it ended so, in words that the player may read.', max_length=2000)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scope.brand')),
                ('player', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='complaints', to='players.player')),
                ('recorded_by', models.ForeignKey(help_text='None: the front end did.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['received', 'acknowledged', 'escalated'])), fields=['brand', 'due_at', 'id'], name='players_complaint_queue'), models.Index(fields=['brand', '-received_at', '-id'], name='players_complaint_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['received', 'acknowledged', 'escalated', 'answered', 'withdrawn'])), name='players_complaint_state'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', False), ('outcome__in', ['upheld', 'partly_upheld', 'not_upheld']), ('state', 'answered')), models.Q(models.Q(('state', 'answered'), _negated=True), ('answered_at', None), ('outcome', '')), _connector='OR'), name='players_complaint_answered_has_an_outcome'), models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('brand', 'external_id'), name='players_complaint_external_id')],
            },
        ),
    ]
