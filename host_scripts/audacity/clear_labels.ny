$nyquist plug-in
$version 4
$type tool
$debugbutton false
$name (_ "Segue Clear Labels")
$author (_ "Segue")
$release 1
$copyright (_ "MIT")

;; Removes the label tracks in which nothing but Segue's labels stands.

CONFIG

(defun info (what)
  (read (make-string-input-stream (car (aud-do (format nil "GetInfo: Type=~a Format=LISP" what))))))

;; GetInfo puts "_" in the place of what is not ASCII: "_ exit 0.91 _ B _ bar 17", "_ entry 0.88 _ no bar".
(defun ours (label)
  (let ((text (third label)))
    (and (> (length text) 15) (string= "_" (subseq text 0 1))
         (or (string-search " bar " text) (string-search " _ no bar" text) (string-search " _ pick-up" text))
         (or (string= " exit " (subseq text 1 7)) (string= " entry " (subseq text 1 8))))))

(defun select (numbers)
  (aud-do "SelectNone:")
  (dolist (number numbers) (aud-do (format nil "SelectTracks: Track=~a TrackCount=1 Mode=Add" number))))

(defun clear ()
  (let ((cleared nil) (selected nil) (number 0))
    (dolist (track (info "Labels"))
      (if (and (second track) (null (remove-if #'ours (second track)))) (push (first track) cleared)))
    (dolist (track (info "Tracks"))
      (if (and (= 1 (second (assoc 'selected track))) (not (member number cleared)))
          (push (- number (length (remove-if #'(lambda (other) (> other number)) cleared))) selected))
      (setf number (1+ number)))
    (when cleared
      (select cleared)
      (aud-do "RemoveTracks:")
      (select selected)
      (aud-do (format nil "SelectTime: Start=~a End=~a RelativeTo=ProjectStart"
                      (get '*selection* 'start) (get '*selection* 'end))))
    (if cleared "" "There is no label track that holds Segue's labels alone.")))

(segue-run #'clear)
